"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.files import write_text
from corpus_tuner.eval.measures import measure, parse_measure
from corpus_tuner.eval.runs import Run, break_ties, without_self
from corpus_tuner.indexes.search.fusion import HybridWeights, SearchSettings
from corpus_tuner.indexes.search.plan import Plan, make_plan
from corpus_tuner.indexes.search.pool import Pool
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.progress import track

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
        Every pair of weights that was tried.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    tried: list[Tried]

    def best(self, calibrated: SearchSettings, views: float | None = None) -> SearchSettings:
        """Return the weights that reach most; of equally good ones the nearest to `calibrated`.

        Never use these to claim a result: they have seen the judgments.

        Parameters
        ----------
        calibrated
            Gives all other settings.
        views
            The weight of the views that may be taken; ``None`` for any.
        """
        near = calibrated.hybrid
        best = min(
            (tried for tried in self.tried if views is None or tried.views == views),
            key=lambda tried: (
                -round(tried.reached, 6),
                abs(tried.views - near.views) + abs(tried.words - near.words),
                tried.views,
                tried.words,
            ),
        )
        weights = HybridWeights(views=best.views, words=best.words)
        return calibrated.model_copy(update={"hybrid": weights})

    def by_words(self, views: float) -> dict[float, float]:
        """Return what every weight of the words reached with one weight of the views."""
        reached = {tried.words: tried.reached for tried in self.tried if tried.views == views}
        return dict(sorted(reached.items()))


class _Drawn(NamedTuple):
    """A query's pool, and the ids of its documents."""

    pool: Pool
    ids: npt.NDArray[np.str_]


def kept_sweep(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    path: Path,
    key: str,
) -> Sweep:
    """Read what all weights reached from `path`, or try them and write it there.

    Parameters
    ----------
    searcher, benchmark, judged_by, calibrated
        As `sweep` takes them.
    path
        A JSON file.
    key
        Names all that decides the outcome.
    """
    if path.is_file():
        kept = Sweep.model_validate_json(path.read_text(encoding="utf-8"))
        if kept.key == key:
            return kept
    made = Sweep(key=key, tried=sweep(searcher, benchmark, judged_by, calibrated))
    write_text(made.model_dump_json(), path)
    return made


def sweep(
    searcher: Searcher, benchmark: Benchmark, judged_by: str, calibrated: SearchSettings
) -> list[Tried]:
    """Try all weights of hybrid search: of words, and of views where the index has them.

    All rank the documents that the calibrated weights would pool.

    Parameters
    ----------
    searcher
        The index, open, with words.
    benchmark
        Queries and judgments.
    judged_by
        Name of the measure.
    calibrated
        These weights are tried as well, and all other settings are theirs.
    """
    chosen = calibrated.hybrid
    plan = make_plan(searcher.manifest, searcher.representation, _POOL, "hybrid", calibrated)
    drawn = _draw(searcher, benchmark, calibrated)
    of_views = STEPS if searcher.representation == "views" else ()
    pairs = sorted({*product({chosen.views, *of_views}, STEPS), (chosen.views, chosen.words)})
    return [
        Tried(
            views,
            words,
            _reached(drawn, benchmark, judged_by, replace(plan, views=views, words=words)),
        )
        for views, words in track(pairs, "oracle weights", lambda: len(pairs), unit="pairs")
    ]


def _draw(
    searcher: Searcher, benchmark: Benchmark, calibrated: SearchSettings
) -> dict[str, _Drawn]:
    """Return every query's documents, by query id."""
    pools = searcher.pools(list(benchmark.queries.values()), _POOL, calibrated)
    return {
        query: _Drawn(pool, np.array(pool.ids()))
        for query, pool in track(
            zip(benchmark.queries, pools, strict=True), "oracle", lambda: len(benchmark.queries)
        )
    }


def _reached(
    drawn: Mapping[str, _Drawn], benchmark: Benchmark, judged_by: str, plan: Plan
) -> float:
    """Return what the weights of a plan reach."""
    cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
    run: Run = {}
    for query, (pool, ids) in drawn.items():
        scores = pool.scores(plan)
        order = np.lexsort((ids, -scores))
        if not plan.dense:  # as words alone would find them
            order = order[pool.lexical[order] > 0]
        best = order[: cutoff + benchmark.remove_self]
        run[query] = break_ties(zip(ids[best].tolist(), scores[best].tolist(), strict=True))
    if benchmark.remove_self:
        run = without_self(run)
    return measure(benchmark.qrels, run, [judged_by])[judged_by]
