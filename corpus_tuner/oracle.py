"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from itertools import product

import numpy as np

from corpus_tuner.progress import track
from eval.benchmarks import Benchmark
from eval.measures import measure, parse_measure
from eval.runs import Run, break_ties
from indexes.fusion import SearchSettings
from indexes.searcher import Searcher

ORACLE = "oracle"

_GRID = [step / 10 for step in range(11)]
_POOL = 100


def best_weights(
    searcher: Searcher, benchmark: Benchmark, judged_by: str, usual: SearchSettings
) -> SearchSettings:
    """Return the weights, in steps of 0.1, that reach most on a benchmark.

    Tried on the documents that the usual weights put into each query's pool. Never use these to
    claim a result: they have seen the judgments.

    Parameters
    ----------
    searcher
        The open index.
    benchmark
        Queries and judgments.
    judged_by
        Name of the measure.
    usual
        The weights otherwise; of equally good weights those nearest to these are taken.
    """
    queries = list(benchmark.queries.values())
    pools = []
    for _, pool in track(searcher.pools(queries, _POOL, usual), "oracle", lambda: len(queries)):
        pools.append((pool, np.array(searcher.ids(pool))))
    cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
    views = _GRID if searcher.representation == "views" else [usual.hybrid_views]
    tried = []
    for view_weight, word_weight in track(
        list(product(views, _GRID)), "oracle weights", lambda: len(views) * len(_GRID)
    ):
        settings = usual.model_copy(update={"hybrid_views": view_weight, "words": word_weight})
        run: Run = {}
        for query, (pool, ids) in zip(benchmark.queries, pools, strict=True):
            scores = pool.scores(settings, "hybrid")
            best = np.lexsort((ids, -scores))[:cutoff]
            run[query] = break_ties(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
        reached = measure(benchmark.qrels, run, [judged_by])[judged_by]
        distance = abs(view_weight - usual.hybrid_views) + abs(word_weight - usual.words)
        tried.append((-round(reached, 6), distance, view_weight, settings))
    return min(tried, key=lambda each: each[:3])[3]
