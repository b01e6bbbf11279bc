"""Systems of an index."""

from pathlib import Path

import pytest

from corpus_tuner.encoders import Encoder
from corpus_tuner.eval.systems import OpenIndex, explain_missing_systems, list_systems
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.store.manifest import EncoderEntry, Manifest
from corpus_tuner.indexes.store.search_settings import Calibration, HybridWeights, SearchSettings

VECTORS = Manifest(
    encoder=EncoderEntry(fingerprint="", dimension=4, max_tokens=9, settings={}),
    representation="views",
    representations={"passage": {"name": "passage"}, "views": {"name": "views"}},
    lexical=None,
    search=SearchSettings(hybrid=HybridWeights(passage=0.2, views=0.8)),
    segments=(),
)
HYBRID = VECTORS.model_copy(update={"lexical": LexicalSettings()})


def _names(manifest: Manifest) -> list[str]:
    return [system.name for system in list_systems(manifest, SearchSettings())]


def _calibrate(manifest: Manifest, unchanged: str | None) -> Manifest:
    weights = HybridWeights()
    calibration = Calibration(
        queries=10, documents=10, seed=0, chosen=weights, default=weights, unchanged=unchanged
    )
    return manifest.model_copy(update={"calibration": calibration})


def test_an_index_without_lexical_rankers_has_dense_systems_only() -> None:
    assert _names(VECTORS) == ["passage", "views"]
    assert "no bm25, ngrams and hybrid" in explain_missing_systems(VECTORS)


def test_default_weights_are_a_system_if_calibration_changed_them() -> None:
    uncalibrated = ["bm25", "ngrams", "passage", "views", "hybrid"]
    assert _names(HYBRID) == uncalibrated
    assert "calibrate is false" in explain_missing_systems(HYBRID)
    unchanged = _calibrate(HYBRID, "too few documents")
    assert _names(unchanged) == uncalibrated
    assert "too few documents" in explain_missing_systems(unchanged)
    calibrated = _calibrate(HYBRID, None)
    assert _names(calibrated) == [*uncalibrated[:-1], "default", "hybrid"]
    assert explain_missing_systems(calibrated) == ""


def test_weights_of_a_system_are_those_of_several_rankers() -> None:
    systems = {system.name: system for system in list_systems(HYBRID, SearchSettings())}
    assert systems["bm25"].weights == systems["passage"].weights == {}
    assert systems["views"].weights == {"views": SearchSettings().dense.views}
    assert systems["hybrid"].weights == {
        name: weight for name, weight in HYBRID.search.hybrid if weight
    }
    assert systems["bm25"].settings.hybrid == HybridWeights.from_ranker("words")


def test_missing_documents_are_listed_in_their_order(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    with OpenIndex(index, encoder, queries) as opened:
        assert opened.list_missing(["z", "d3", "a", "d0"]) == ["z", "a"]
        assert opened.manifest.documents == 40


def test_without_an_encoder_that_of_the_index_is_opened(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    with (
        OpenIndex(index, None, queries) as opened,
        OpenIndex(index, encoder, queries) as given,
    ):
        (*_, system) = list_systems(opened.manifest, SearchSettings())
        assert opened.run(system, 5) == given.run(system, 5)


@pytest.mark.parametrize("name", ["bm25", "views", "hybrid"])
def test_a_system_ranks_and_describes_documents(
    index: Path, encoder: Encoder, queries: dict[str, str], name: str
) -> None:
    with OpenIndex(index, encoder, queries) as opened:
        systems = list_systems(opened.manifest, SearchSettings())
        (system,) = (one for one in systems if one.name == name)
        opened.prepare(system)
        run = opened.run(system, 5)
        (described,) = opened.describe(system, [queries["q0"]])
    assert list(run) == list(queries)
    for ranking in run.values():
        assert 0 < len(ranking) <= 5
        scores = [score for _, score in ranking]
        assert scores == sorted(scores, reverse=True)
    for id_, _ in run["q0"]:
        assert described[id_].document == id_
        assert described[id_].title
        assert len(described[id_].view) <= 160 + len("passage: ")
        assert described[id_].rankers
