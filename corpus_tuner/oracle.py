"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from corpus_tuner.progress import track
from eval.benchmarks import Benchmark
from eval.measures import measure, parse_measure
from eval.runs import Run, break_ties
from indexes.fusion import SearchSettings
from indexes.searcher import Searcher

STEPS = tuple(step / 10 for step in range(11))
"""Weights to try."""

_POOL = 100


def best_weights(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    view_weights: Sequence[float],
) -> SearchSettings:
    """Return the weights of hybrid search that reach most on a benchmark.

    Tried on the documents that the calibrated weights put into each query's pool. Never use these
    to claim a result: they have seen the judgments.

    Parameters
    ----------
    searcher
        The open index.
    benchmark
        Queries and judgments.
    judged_by
        Name of the measure.
    calibrated
        Tried as well; of equally good weights, those nearest to these are taken.
    view_weights
        Weights of the views to try, each with all weights of the words.
    """
    queries = list(benchmark.queries.values())
    pools = []
    for _, pool in track(
        searcher.pools(queries, _POOL, calibrated), "oracle", lambda: len(queries)
    ):
        pools.append((pool, np.array(searcher.ids(pool))))
    cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
    tried = []
    pairs = sorted({*product(view_weights, STEPS), (calibrated.hybrid_views, calibrated.words)})
    for views, words in track(pairs, "oracle weights", lambda: len(pairs)):
        settings = calibrated.model_copy(update={"hybrid_views": views, "words": words})
        run: Run = {}
        for query, (pool, ids) in zip(benchmark.queries, pools, strict=True):
            scores = pool.scores(settings, "hybrid")
            best = np.lexsort((ids, -scores))[:cutoff]
            run[query] = break_ties(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
        reached = measure(benchmark.qrels, run, [judged_by])[judged_by]
        distance = abs(views - calibrated.hybrid_views) + abs(words - calibrated.words)
        tried.append((-round(reached, 6), distance, views, words))
    _, _, views, words = min(tried)
    return calibrated.model_copy(update={"hybrid_views": views, "words": words})
