"""Every document by itself: its views, verdicts and vectors depend on nothing but it."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from corpus_tuner import Recipe, Searcher, View, build, load_recipe
from corpus_tuner.corpora import Corpus
from tests.conftest import make_documents, write_jsonl

TOLERANCE = 1e-6
"""By which components of vectors may differ; on a CPU they do not."""
CHECKS = "[{name: well_formed, question_mark: false}, duplicate, {name: entailment, support: -1}]"


class Made(NamedTuple):
    """What became of every document, by id, and a run."""

    views: dict[str, list[View]]
    vectors: dict[str, Any]
    runs: list[list[tuple[str, float]]]


@pytest.fixture
def settings(encoder_folder: Path, t5_folder: Path) -> Recipe:
    chosen = [
        *(f"encoder.name={encoder_folder}", "language=en", "documents_at_once=7"),
        f"generator=[extractive, {{name: seq2seq, model: {t5_folder}, outputs: 2, "
        "max_new_tokens: 6}]",
        f"checks={CHECKS}",
    ]
    return load_recipe(None, chosen)


def look(index: Path) -> Made:
    views: dict[str, list[View]] = {}
    vectors: dict[str, Any] = {}
    with Searcher.open(index) as searcher:
        for ordinal in np.flatnonzero(searcher.segments.live_docs).tolist():
            id_ = searcher.segments.read_document(ordinal).id
            views[id_] = searcher.segments.read_views(ordinal)
            vectors[id_] = searcher.dense.vectors(np.array([ordinal]))[0]
        runs = list(searcher.rank(["the old mill by the river", "rent by law"], 50))
    return Made(views, vectors, runs)


def assert_same(one: Made, other: Made) -> None:
    assert one.views.keys() == other.views.keys()
    for id_, views in one.views.items():
        assert other.views[id_] == views
        np.testing.assert_allclose(other.vectors[id_], one.vectors[id_], atol=TOLERANCE)
    assert other.runs == one.runs


@pytest.mark.slow
def test_neighbours_order_and_chunks_do_not_matter(tmp_path: Path, settings: Recipe) -> None:
    documents = make_documents(60)
    build(write_jsonl(tmp_path / "c.jsonl", documents), tmp_path / "whole", settings)
    whole = look(tmp_path / "whole")
    assert {"question", "keywords"} <= {v.kind for views in whole.views.values() for v in views}

    random.Random(1).shuffle(documents)
    other = settings.model_copy(update={"documents_at_once": 25})
    build(write_jsonl(tmp_path / "shuffled.jsonl", documents), tmp_path / "shuffled", other)
    assert_same(whole, look(tmp_path / "shuffled"))

    # In two halves with one ledger.
    halves = tmp_path / "halves"
    for number, half in enumerate((documents[:20], documents)):
        corpus = write_jsonl(tmp_path / "half.jsonl", half)
        build(corpus, halves / str(number), settings, ledger=tmp_path / "ledger.sqlite")
    assert_same(whole, look(halves / "1"))


def test_another_size_of_chunks_is_no_reason_to_build_again(
    tmp_path: Path, settings: Recipe
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    assert not build(corpus, tmp_path / "i", settings).unchanged
    other = settings.model_copy(update={"documents_at_once": 3})
    assert build(corpus, tmp_path / "i", other).unchanged


def test_a_sample_is_the_same_in_any_order(tmp_path: Path) -> None:
    documents = make_documents(30)
    one = Corpus(str(write_jsonl(tmp_path / "a.jsonl", documents))).sample(5)
    other = Corpus(str(write_jsonl(tmp_path / "b.jsonl", documents[::-1]))).sample(5)
    assert len(one) == 5
    assert one == other
    assert one != Corpus(str(tmp_path / "a.jsonl")).sample(30)[:5][::-1]


def test_a_document_is_read_once(
    tmp_path: Path, settings: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder

    whole: list[str] = []
    separate: list[str] = []
    encode_spans = SentenceTransformerEncoder.encode_spans
    encode_documents = SentenceTransformerEncoder.encode_documents

    def read(self: SentenceTransformerEncoder, texts: Any, spans: Any) -> Any:
        whole.extend(texts)
        return encode_spans(self, texts, spans)

    def encode(self: SentenceTransformerEncoder, texts: Any) -> Any:
        separate.extend(texts)
        return encode_documents(self, texts)

    monkeypatch.setattr(SentenceTransformerEncoder, "encode_spans", read)
    monkeypatch.setattr(SentenceTransformerEncoder, "encode_documents", encode)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    extractive = load_recipe(None, ["generator=extractive"]).generator
    changed = settings.model_copy(update={"generator": extractive, "checks": (), "calibrate": None})
    build(corpus, tmp_path / "i", changed)
    views = [view for views in look(tmp_path / "i").views.values() for view in views]
    passages = [view.text for view in views if view.kind == "passage"]
    assert {"title", "sentence", "keywords", "summary"} < {view.kind for view in views}
    assert sorted(whole) == sorted(passages)
    assert sorted(separate) == sorted(view.text for view in views if view.kind == "keywords")
    separate.clear()

    apart = changed.model_copy(
        update={"views": changed.views.model_copy(update={"late_chunking": False})}
    )
    build(corpus, tmp_path / "j", apart)
    assert {view.text for view in views if view.kind == "sentence"} < set(separate)


def test_an_unknown_check_is_an_error(run: Callable[..., Any], tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(2))
    done = run("build", corpus, "-o", tmp_path / "index", "--set", "checks=[speling]")
    assert done.code == 2
    assert "no check is called 'speling'" in done.err and "well_formed" in done.err
