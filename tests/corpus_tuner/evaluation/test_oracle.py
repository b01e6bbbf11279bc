"""The weights that are best by the judgments are those that a search with them bears out."""

from pathlib import Path

import pytest

from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.measures import measure
from corpus_tuner.evaluation.ladder import OpenIndex, System
from corpus_tuner.evaluation.oracle import STEPS, Sweep, Tried, sweep
from corpus_tuner.indexes.encoders import Encoder
from corpus_tuner.indexes.search.settings import DenseWeights, HybridWeights, SearchSettings
from corpus_tuner.pipeline import build
from corpus_tuner.settings import load_settings
from tests.conftest import make_documents, write_jsonl

NDCG = "nDCG@10"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, encoder_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("oracle")
    write_jsonl(folder / "corpus.jsonl", make_documents(40))
    assignments = ["generator=null", "calibrate=false", "language=en"]
    settings = load_settings(None, [*assignments, f"encoder.name={encoder_folder}"])
    build(folder / "corpus.jsonl", folder / "index", settings, encoder=encoder)
    return folder / "index"


@pytest.fixture(scope="module")
def queries() -> dict[str, str]:
    documents = make_documents(40)
    return {
        f"q{number}": " ".join(document["text"].split()[2:9])
        for number, document in enumerate(documents[:6])
    }


def judged_by_vectors(
    index: Path, encoder: Encoder, queries: dict[str, str], views: float
) -> Benchmark:
    """A benchmark in which relevant is what the vectors find with a weight of the views."""
    settings = SearchSettings(dense=DenseWeights(views=views))
    with OpenIndex(index, encoder, queries) as opened:
        run = opened.run(System("truth", "views", "dense", settings), 10)
    qrels = {
        query: {document: 10 - rank for rank, (document, _) in enumerate(ranking)}
        for query, ranking in run.items()
    }
    return Benchmark("tiny", "", queries, qrels)


def test_where_words_are_of_no_use_the_measured_run_is_the_oracles(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    benchmark = judged_by_vectors(index, encoder, queries, views=1.0)
    usual = SearchSettings(dense=DenseWeights(views=0.2))
    with OpenIndex(index, encoder, queries) as opened:
        tried = sweep(opened.searcher("views"), benchmark, NDCG, usual)
        best = Sweep(key="", tried=tried).best(usual)
        assert best.hybrid == HybridWeights(views=1.0, words=0.0)
        assert best.dense.views == 0.2
        run = opened.run(System("oracle-2d", "views", "hybrid", best), 100)
    assert measure(benchmark.qrels, run, [NDCG])[NDCG] == pytest.approx(1)


def test_all_weights_reach_what_a_search_reaches(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    benchmark = judged_by_vectors(index, encoder, queries, views=0.5)
    usual = SearchSettings(hybrid=HybridWeights(views=0.25, words=0.35))
    with OpenIndex(index, encoder, queries) as opened:
        tried = sweep(opened.searcher("views"), benchmark, NDCG, usual)
        assert {(one.views, one.words) for one in tried} == {
            *((views, words) for views in (*STEPS, 0.25) for words in STEPS),
            (0.25, 0.35),
        }
        for views, words, reached in tried:
            if views not in (0.0, 0.25, 1.0):
                continue
            weights = usual.model_copy(update={"hybrid": HybridWeights(views=views, words=words)})
            run = opened.run(System("x", "views", "hybrid", weights), 10)
            assert measure(benchmark.qrels, run, [NDCG])[NDCG] == pytest.approx(reached)


def test_of_equally_good_weights_the_nearest_to_the_chosen_ones_are_best() -> None:
    tried = [Tried(0.0, 0.0, 0.5), Tried(0.4, 0.3, 0.9), Tried(0.4, 0.9, 0.9), Tried(0.7, 1, 0.9)]
    found = Sweep(key="", tried=tried)
    usual = SearchSettings(hybrid=HybridWeights(views=0.4, words=0.4))
    assert found.best(usual).hybrid == HybridWeights(views=0.4, words=0.3)
    assert found.best(usual, views=0.7).hybrid == HybridWeights(views=0.7, words=1)
    assert found.by_words(0.4) == {0.3: 0.9, 0.9: 0.9}
