"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from corpus_tuner.progress import track
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.measures import measure, parse_measure
from corpus_tuner.eval.report.tables import write_text
from corpus_tuner.eval.runs import Run, break_ties, without_self
from corpus_tuner.indexes.encoders import Encoder
from corpus_tuner.indexes.search.fusion import SearchSettings
from corpus_tuner.indexes.search.pool import Pool
from corpus_tuner.indexes.search.searcher import Searcher

STEPS = tuple(step / 10 for step in range(11))
"""Weights to try."""

_POOL = 100


class Tried(NamedTuple):
    """A pair of weights, and what it reached, as a fraction."""

    views: float
    words: float
    reached: float


class Sweep(BaseModel):
    """What all weights reach on a benchmark.

    Attributes
    ----------
    key
        Names all that decides it.
    tried
        Each pair of weights that was tried.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    tried: list[Tried]

    def best(self, calibrated: SearchSettings, views: float | None) -> SearchSettings:
        """Return the weights that reach most; of equally good ones the nearest to `calibrated`.

        Never use these to claim a result: they have seen the judgments.

        Parameters
        ----------
        calibrated
            Gives all other settings.
        views
            The weight of the views that may be taken; ``None`` for any.
        """
        _, _, views_weight, words_weight = min(
            (
                -round(each.reached, 6),
                abs(each.views - calibrated.hybrid_views) + abs(each.words - calibrated.words),
                each.views,
                each.words,
            )
            for each in self.tried
            if views is None or each.views == views
        )
        return calibrated.model_copy(update={"hybrid_views": views_weight, "words": words_weight})


class _Drawn(NamedTuple):
    """A query's pool, and the ids of its documents."""

    pool: Pool
    ids: npt.NDArray[np.str_]


def sweep(
    index: Path,
    encoder: Encoder,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    view_weights: Sequence[float],
    path: Path,
    key: str,
) -> Sweep:
    """Try all weights of hybrid search, or read from `path` what they gave.

    Parameters
    ----------
    index, encoder
        To search, and to search with.
    benchmark
        Queries and judgments.
    judged_by
        Name of the measure.
    calibrated
        Tried as well, and gives all other settings.
    view_weights
        Weights of the views to try, each with all weights of the words.
    path, key
        Where the outcome is kept, and what names all that decides it.
    """
    if path.is_file():
        kept = Sweep.model_validate_json(path.read_text(encoding="utf-8"))
        if kept.key == key:
            return kept
    with Searcher.open(index, encoder=encoder) as searcher:
        drawn = _draw(searcher, benchmark, calibrated)
    pairs = sorted({*product(view_weights, STEPS), (calibrated.hybrid_views, calibrated.words)})
    tried = [
        Tried(views, words, _reached(drawn, benchmark, judged_by, calibrated, views, words))
        for views, words in track(pairs, "oracle weights", lambda: len(pairs))
    ]
    made = Sweep(key=key, tried=tried)
    write_text(made.model_dump_json(), path)
    return made


def _draw(
    searcher: Searcher, benchmark: Benchmark, calibrated: SearchSettings
) -> dict[str, _Drawn]:
    """Return each query's documents, by query id: those that the calibrated weights would pool."""
    pools = searcher.pools(list(benchmark.queries.values()), _POOL, calibrated)
    return {
        query: _Drawn(pool, np.array(searcher.ids(pool)))
        for query, (_, pool) in track(
            zip(benchmark.queries, pools, strict=True), "oracle", lambda: len(benchmark.queries)
        )
    }


def _reached(
    drawn: Mapping[str, _Drawn],
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    views: float,
    words: float,
) -> float:
    """Return what a pair of weights reaches."""
    cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
    settings = calibrated.model_copy(update={"hybrid_views": views, "words": words})
    run: Run = {}
    for query, (pool, ids) in drawn.items():
        scores = pool.scores(settings, "hybrid")
        best = np.lexsort((ids, -scores))[: cutoff + benchmark.remove_self]
        run[query] = break_ties(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
    if benchmark.remove_self:
        run = without_self(run)
    return measure(benchmark.qrels, run, [judged_by])[judged_by]
