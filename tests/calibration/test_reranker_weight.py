"""A reranker gets a weight if it improves the ranking of pseudo-queries."""

import json
import shutil
from pathlib import Path

import pytest

from corpus_tuner import Searcher, SearchSettings, build, calibrate, load_recipe
from corpus_tuner.building import pipeline
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.rerankers import Reranker, RerankerSettings
from tests.conftest import Rerankers
from tests.rerankers.toy import TOPICS

pytestmark = pytest.mark.slow


@pytest.fixture
def index(tmp_path: Path, rerankers: Rerankers) -> Path:
    return Path(shutil.copytree(rerankers.built, tmp_path / "index"))


def use(folder: Path) -> SearchSettings:
    return SearchSettings(reranker=RerankerSettings(name=str(folder)))


def compute_mean_reciprocal_rank(index: Path, queries: Path) -> float:
    """Return the mean reciprocal rank of the relevant documents."""
    lines = queries.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    with Searcher.open(index) as searcher:
        rankings = [[id_ for id_, _ in ranking] for ranking in searcher.rank(texts)]
    ranks = [1 + ids.index(f"d{number}") for number, ids in enumerate(rankings)]
    return sum(1 / rank for rank in ranks) / len(ranks)


def test_one_that_is_right_gets_a_weight_and_one_that_knows_nothing_none(
    index: Path, rerankers: Rerankers
) -> None:
    queries = rerankers.corpus / "queries.jsonl"
    without = compute_mean_reciprocal_rank(index, queries)
    before = read_manifest(index).calibration
    assert before
    assert before.reranker is None

    right = calibrate(index, default=use(rerankers.trained))
    assert right.reranker
    assert right.reranker.pays
    assert right.reranker.gain > 0.2
    assert right.chosen.reranker > 0.3
    assert right.chosen.model_copy(update={"reranker": 0.0}) == before.chosen
    assert right.temperature != before.temperature
    assert compute_mean_reciprocal_rank(index, queries) > max(0.95, without + 0.3)

    wrong = calibrate(index, default=use(rerankers.random))
    assert wrong.reranker
    assert not wrong.reranker.pays
    assert wrong.chosen == before.chosen
    assert wrong.temperature == before.temperature
    assert compute_mean_reciprocal_rank(index, queries) == without


def test_one_without_a_weight_is_not_opened(
    index: Path, rerankers: Rerankers, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate(index, default=use(rerankers.random))

    def fail(_: RerankerSettings) -> Reranker:
        raise AssertionError

    monkeypatch.setattr(Reranker, "open", fail)
    with Searcher.open(index) as searcher:
        (hit,) = searcher.search("words", k=1)
        assert "reranker" not in hit.rankers


def test_what_it_reads_of_a_target_is_without_the_sentence(
    index: Path, rerankers: Rerankers, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[tuple[str, list[str]]] = []
    score = Reranker.score

    def note(self: Reranker, query: str, some: list[str], deadline: float | None = None) -> object:
        texts.append((query, some))
        return score(self, query, some, deadline)

    monkeypatch.setattr(Reranker, "score", note)
    calibrate(index, default=use(rerankers.random))
    assert texts
    synonyms = {synonym for topic in TOPICS for synonym in topic}
    for query, some in texts:
        words = query.lower().rstrip(".").split()
        assert not any(word in text.lower() for word in synonyms & {*words} for text in some)


def test_a_reranker_needs_no_new_build(
    tmp_path: Path, rerankers: Rerankers, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = read_manifest(index)
    encoder = stored.encoder.settings["name"]
    chosen = [f"encoder.name={encoder}", "language=en", "generator=null"]
    recipe = load_recipe(None, [*chosen, f"search.reranker={rerankers.trained}"])

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pipeline, "update", fail)
    report = build(rerankers.corpus, index, recipe)
    assert report.unchanged
    assert report.search.reranker == RerankerSettings(name=str(rerankers.trained))
    assert report.search.hybrid.reranker > 0
    manifest = read_manifest(index)
    assert manifest.segments == stored.segments
    assert manifest.build == stored.build
    monkeypatch.setattr(pipeline, "open_recipe", fail)
    assert build(rerankers.corpus, index, recipe).unchanged  # without opening a model
