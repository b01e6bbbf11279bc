"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.progress import track
from eval.benchmarks import Benchmark
from eval.measures import measure, parse_measure
from eval.runs import Run, break_ties
from indexes.fusion import SearchSettings
from indexes.pool import Pool
from indexes.searcher import Searcher

STEPS = tuple(step / 10 for step in range(11))
"""Weights to try."""

_POOL = 100


class Drawn(NamedTuple):
    """A query's pool, and the ids of its documents."""

    pool: Pool
    ids: npt.NDArray[np.str_]


def draw_pools(
    searcher: Searcher, benchmark: Benchmark, calibrated: SearchSettings
) -> dict[str, Drawn]:
    """Return each query's documents, by query id: those that the calibrated weights would pool."""
    pools = searcher.pools(list(benchmark.queries.values()), _POOL, calibrated)
    return {
        query: Drawn(pool, np.array(searcher.ids(pool)))
        for query, (_, pool) in track(
            zip(benchmark.queries, pools, strict=True), "oracle", lambda: len(benchmark.queries)
        )
    }


def best_weights(
    drawn: Mapping[str, Drawn],
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    view_weights: Sequence[float],
) -> SearchSettings:
    """Return the weights of hybrid search that reach most on a benchmark.

    Never use these to claim a result: they have seen the judgments.

    Parameters
    ----------
    drawn
        The documents to rank, from `draw_pools`.
    benchmark
        Queries and judgments.
    judged_by
        Name of the measure.
    calibrated
        Tried as well; of equally good weights, those nearest to these are taken.
    view_weights
        Weights of the views to try, each with all weights of the words.
    """
    cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
    tried = []
    pairs = sorted({*product(view_weights, STEPS), (calibrated.hybrid_views, calibrated.words)})
    for views, words in track(pairs, "oracle weights", lambda: len(pairs)):
        settings = calibrated.model_copy(update={"hybrid_views": views, "words": words})
        run: Run = {}
        for query, (pool, ids) in drawn.items():
            scores = pool.scores(settings, "hybrid")
            best = np.lexsort((ids, -scores))[:cutoff]
            run[query] = break_ties(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
        reached = measure(benchmark.qrels, run, [judged_by])[judged_by]
        distance = abs(views - calibrated.hybrid_views) + abs(words - calibrated.words)
        tried.append((-round(reached, 6), distance, views, words))
    _, _, views, words = min(tried)
    return calibrated.model_copy(update={"hybrid_views": views, "words": words})
