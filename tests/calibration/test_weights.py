"""Weights without labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import (
    CorpusTunerWarning,
    Recipe,
    Searcher,
    SearchIndexError,
    SearchSettings,
    build,
    calibrate,
    load_recipe,
)
from corpus_tuner.building import pipeline
from corpus_tuner.calibration.weights import choose_weights
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.conftest import WORDS, make_documents, write_jsonl


def test_the_choice_is_kept_and_told(index: Path) -> None:
    manifest = read_manifest(index)
    assert manifest.calibration
    assert manifest.calibration.queries == 200  # two of the least number of windows
    assert set(manifest.calibration.found) == {
        *("passage", "views", "words", "ngrams", "default", "chosen")
    }
    names = {"passage", "views", "words", "ngrams"}
    assert set(manifest.calibration.errors) == names
    assert all(0 <= error < 0.5 for error in manifest.calibration.errors.values())
    assert manifest.calibration.maximum_likelihood
    maximum_likelihood = manifest.calibration.maximum_likelihood.model_dump()
    assert sum(maximum_likelihood[name] for name in names) == pytest.approx(1, abs=0.01)
    assert manifest.calibration.chosen.feedback == SearchSettings().hybrid.feedback
    trust, default = manifest.calibration.trust, manifest.calibration.default.model_dump()
    assert 0 <= trust <= 1
    total = sum(default[name] for name in names)
    for name in names:
        mean = (trust * maximum_likelihood[name] * total + default[name]) / (trust + 1)
        assert getattr(manifest.calibration.chosen, name) == pytest.approx(mean, abs=0.001)
    assert manifest.search.hybrid == manifest.calibration.chosen
    assert manifest.search.dense == SearchSettings().dense


def test_probabilities_are_comparable_between_queries(index: Path) -> None:
    with Searcher.open(index) as searcher:
        sure, unsure = searcher.search([searcher.segments.read_document(7).text, "the"], k=100)
        for hits in (sure, unsure):
            found = [hit.probability or 0.0 for hit in hits]
            assert found == sorted(found, reverse=True)
            assert 0 < sum(found) <= 1.001
        assert (sure[0].probability or 0) > 0.5 > (unsure[0].probability or 0)
        query = searcher.segments.read_document(7).title
        probable = [hit for hit in searcher.search(query) if (hit.probability or 0) >= 0.2]
        assert probable
        assert searcher.search(query, min_probability=0.2) == probable
        assert list(searcher.rank([query], 10, min_probability=0.2)) == [
            [(hit.document.id, hit.score) for hit in probable]
        ]
        assert {hit.probability for hit in searcher.search(query, mode="dense")} == {None}
        for wrong in (2, -0.1, True, "much"):
            with pytest.raises(SearchIndexError, match="from 0 to 1, not"):
                searcher.search(query, min_probability=wrong)  # type: ignore[arg-type]


def test_a_filter_does_not_change_probabilities(index: Path) -> None:
    """Neither for documents that the same search finds without it, nor for others."""
    filters: list[Any] = [{"id": "d7"}, {"id": ["d7", "d8", "d9"]}, {"id": {"prefix": "d1"}}]
    with Searcher.open(index) as searcher:
        sure, unsure = searcher.segments.read_document(7).text, "the"
        for query in (sure, unsure, "wheat mill", "qwertz"):
            free = {hit.document.id: hit.probability or 0 for hit in searcher.search(query, k=100)}
            for wanted in filters:
                for k in (1, 10, 100):
                    hits = searcher.search(query, k=k, filter=wanted)
                    assert hits
                    for hit in hits:
                        assert hit.probability is not None
                        assert hit.probability == free.get(hit.document.id, hit.probability)
                        assert hit.probability <= max(free.values())
        (hit,) = searcher.search(unsure, filter={"id": "d7"})
        assert hit.probability is not None
        assert hit.probability < 0.5
        assert searcher.search(unsure, filter={"id": "d7"}, min_probability=0.5) == []
        assert list(searcher.rank([unsure], filter={"id": "d7"}, min_probability=0.5)) == [[]]
        assert [len(one) for one in searcher.rank([unsure], filter={"id": "d7"})] == [1]


def test_probabilities_of_a_pool_smaller_than_the_corpus(index: Path) -> None:
    """Documents that pass a filter and are no candidates without it are hardly probable."""
    with Searcher.open(index) as searcher:
        small = searcher.manifest.search.model_copy(update={"candidates": 3})
        manifest = searcher.manifest.model_copy(update={"search": small})
        searcher._snapshot = searcher._snapshot._replace(manifest=manifest)
        query = searcher.segments.read_document(7).text
        (best, *_) = searcher.search(query)
        assert best.document.id == "d7"
        first, *others = searcher.search(query, k=5, filter={"id": {"ne": "d7"}})
        assert (first.probability or 0) < 0.5 < (best.probability or 0)
        assert all((hit.probability or 0) < 0.1 for hit in others)


def test_an_ignored_min_probability_is_a_warning(index: Path) -> None:
    with Searcher.open(index) as searcher:
        with pytest.warns(CorpusTunerWarning, match="min_probability is ignored") as caught:
            hits = searcher.search("mill", mode="dense", min_probability=0.99)
        assert Path(caught[0].filename) == Path(__file__)
        assert hits == searcher.search("mill", mode="dense")
        with pytest.warns(CorpusTunerWarning, match="min_probability"):
            (ranking,) = searcher.rank(["mill"], 3, mode="lexical", min_probability=0.99)
        assert len(ranking) == 3


def test_the_same_seed_gives_the_same_weights(index: Path) -> None:
    one, two, other = calibrate(index), calibrate(index), calibrate(index, seed=1)
    assert one == two
    assert one.found != other.found
    assert read_manifest(index).search.hybrid == other.chosen


def test_a_ranker_that_knows_nothing_loses_weight(tmp_path: Path, settings: Recipe) -> None:
    # A document has spellings of a word of its own: its tokens tell the encoder, and no two are
    # one word.
    documents = make_documents(120)
    for number, document in enumerate(documents):
        stem = WORDS[number % len(WORDS)]
        words = [f"{stem}x{number}x{position}" for position in range(24)]
        sentences = [" ".join(words[start : start + 6]) for start in range(0, 24, 6)]
        document["text"] = " ".join(f"{sentence.capitalize()}." for sentence in sentences)
    build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", settings)
    chosen = read_manifest(tmp_path / "i").calibration
    assert chosen
    assert chosen.found["words"] < 0.1
    assert chosen.chosen.words == 0
    assert chosen.failing == ("words",)
    assert chosen.chosen.passage > 0


def test_an_encoder_that_knows_nothing_loses_weight(index: Path, encoder: Any) -> None:
    class Blind:
        """Gives every text a vector of its own that has nothing to do with it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(encoder, name)

        def encode_queries(self, texts: Sequence[str]) -> Any:
            vectors = np.random.default_rng(0).normal(size=(len(texts), encoder.dimension))
            return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    blind: Any = Blind()
    chosen = calibrate(index, encoder=blind)
    assert chosen.failing == ("passage", "views")
    assert (chosen.chosen.passage, chosen.chosen.views, chosen.chosen.feedback) == (0, 0, 0)
    assert chosen.chosen.words > 0
    with Searcher.open(index) as searcher:
        assert searcher.search("mill0", k=2)


def test_documents_that_are_alike_say_nothing(tmp_path: Path, settings: Recipe) -> None:
    text = "The goods were received. They were in good order. The mill is paid by the river."
    documents = [
        {"_id": f"d{number}", "title": "Form", "text": f"{text} It was {number}."}
        for number in range(80)
    ]
    report = build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "i", settings)
    assert report.uncalibrated
    assert "too similar" in report.uncalibrated
    assert report.search.hybrid == SearchSettings().hybrid


@pytest.mark.parametrize(
    ("changes", "documents", "reason"),
    [
        (["lexical=null"], 60, "no words"),
        (["search.fusion=rrf"], 60, "rrf is not calibrated"),
        ([], 5, "are needed"),
    ],
)
def test_where_there_is_nothing_to_judge_by(
    tmp_path: Path, encoder_folder: Path, changes: list[str], documents: int, reason: str
) -> None:
    chosen = [f"encoder.name={encoder_folder}", "language=en", "generator=null", *changes]
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(documents))
    build(corpus, tmp_path / "i", load_recipe(None, chosen))
    manifest = read_manifest(tmp_path / "i")
    assert manifest.calibration
    assert reason in (manifest.calibration.unchanged or "")
    assert manifest.search.hybrid == SearchSettings().hybrid
    with Searcher.open(tmp_path / "i") as searcher:
        assert searcher.search("mill river", k=2)


def test_a_build_killed_before_calibration_is_calibrated_by_the_next(
    tmp_path: Path, settings: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(60))

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "recalibrate", killed)
        with pytest.raises(KeyboardInterrupt):
            build(corpus, tmp_path / "i", settings)
    assert read_manifest(tmp_path / "i").calibration is None
    assert build(corpus, tmp_path / "i", settings).unchanged
    assert read_manifest(tmp_path / "i").calibration


def test_other_weights_need_no_new_build(index: Path, settings: Recipe) -> None:
    corpus = index.parent / "c.jsonl"
    weights = {"dense": {"views": 0.1}, "hybrid": {"words": 0.9}}
    search = SearchSettings.model_validate(weights)
    fixed = settings.model_copy(update={"calibrate": None, "search": search})
    assert build(corpus, index, fixed).unchanged
    manifest = read_manifest(index)
    assert manifest.search == search
    assert manifest.calibration is None
    assert build(corpus, index, settings).unchanged
    assert read_manifest(index).calibration


def test_a_representation_of_one_vector_is_calibrated_too(index: Path, encoder: Any) -> None:
    with Searcher.open(index, representation="mean") as searcher:
        chosen = choose_weights(searcher, encoder, SearchSettings())
    assert chosen.queries == 200  # two of the least number of windows
    assert set(chosen.found) == {"passage", "mean", "words", "ngrams", "default", "chosen"}
