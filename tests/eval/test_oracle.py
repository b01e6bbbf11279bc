"""The weights that are best by the judgments are those that a search with them bears out."""

from pathlib import Path

import pytest

from corpus_tuner.encoders import Encoder
from corpus_tuner.eval.oracle import (
    STEPS,
    Trial,
    choose_best,
    get_lexical_share,
    set_lexical_share,
    sweep,
)
from corpus_tuner.eval.systems import OpenIndex, System
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.indexes.store.search_settings import DenseWeights, HybridWeights, SearchSettings

NDCG = "nDCG@10"


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


def test_where_terms_are_of_no_use_vectors_have_it_all(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    benchmark = judged_by_vectors(index, encoder, queries, views=1.0)
    usual = SearchSettings(dense=DenseWeights(views=0.2), hybrid=HybridWeights(feedback=0))
    with OpenIndex(index, encoder, queries) as opened:
        swept = sweep(opened.open_searcher("views"), benchmark, NDCG, usual)
        best = choose_best([*swept.line, *swept.others], usual.hybrid)
        assert best == HybridWeights.from_ranker("views")
        found = usual.model_copy(update={"hybrid": best})
        run = opened.run(System("oracle-all", "views", "hybrid", found), 100)
    assert measure(benchmark.qrels, run, [NDCG])[NDCG] == pytest.approx(1)


def test_weights_reach_what_a_search_reaches(
    index: Path, encoder: Encoder, queries: dict[str, str]
) -> None:
    benchmark = judged_by_vectors(index, encoder, queries, views=0.5)
    usual = SearchSettings()
    with OpenIndex(index, encoder, queries) as opened:
        line = sweep(opened.open_searcher("views"), benchmark, NDCG, usual).line
        shares = [get_lexical_share(tried.weights) for tried in line]
        assert shares == sorted(shares)
        assert len(shares) == STEPS + 2
        assert usual.hybrid in [tried.weights for tried in line]
        for weights, value in line[1:-1:4]:  # at the ends fewer documents would be pooled
            changed = usual.model_copy(update={"hybrid": weights})
            run = opened.run(System("x", "views", "hybrid", changed), 10)
            assert measure(benchmark.qrels, run, [NDCG])[NDCG] == pytest.approx(value)


def test_another_share_leaves_all_else() -> None:
    own = {"words": 0.3, "ngrams": 0.1, "feedback": 0.2, "reranker": 0.4}
    weights = HybridWeights.from_weights({"passage": 0.1, "views": 0.3, **own})
    assert get_lexical_share(weights) == pytest.approx(0.5)
    moved = set_lexical_share(weights, 0.25)
    expected = {"passage": 0.15, "views": 0.45, "words": 0.15, "ngrams": 0.05}
    expected |= {"feedback": 0.2, "reranker": 0.4}
    assert moved.model_dump() == pytest.approx(expected)
    assert set_lexical_share(weights, 1).passage == 0


def test_of_equally_good_weights_the_nearest_to_the_chosen_ones_are_best() -> None:
    usual = HybridWeights()
    near, far = (set_lexical_share(usual, share) for share in (0.5, 0.9))
    assert choose_best([Trial(usual, 0.5), Trial(far, 0.9), Trial(near, 0.9)], usual) == near
