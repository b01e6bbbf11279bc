"""The best weights there are, chosen with the judgments: a bound to measure calibration by."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.progress import track
from corpus_tuner.core.text_output import write_text
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure, parse_measure
from corpus_tuner.eval.trec.runs import Run, break_ties, without_self
from corpus_tuner.indexes.search.weighted_sum import total
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RANKERS,
    HybridWeights,
    SearchSettings,
    normalize_weights,
)
from corpus_tuner.indexes.vectors.scoring import first

STEPS = 20
"""So many steps from vectors alone to words and n-grams alone."""
PARTS = 8
"""Every ranker but feedback is tried with so many parts of the whole."""
_FEEDBACK = (0.0, 0.1, 0.2, 0.3, 0.4)
_POOL = 100


class Tried(NamedTuple):
    """Weights, and what they reached, as a fraction."""

    weights: HybridWeights
    reached: float


class Sweep(BaseModel):
    """What weights reach on a benchmark.

    Attributes
    ----------
    key
        Names all that decides it.
    line
        From vectors alone to words and n-grams alone, all else being as calibrated.
    others
        Further weights: all rankers against each other, then feedback with the best of these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    line: list[Tried]
    others: list[Tried]


def best_of(tried: Sequence[Tried], near: HybridWeights) -> HybridWeights:
    """Return the weights that reach most; of equally good ones the nearest to some others.

    Never use these to claim a result: they have seen the judgments.
    """

    def distance(weights: HybridWeights) -> float:
        pairs = ((getattr(weights, name), getattr(near, name)) for name in RANKERS)
        return round(sum(abs(float(one - other)) for one, other in pairs), 9)

    def order(one: Tried) -> tuple[float, float, tuple[float, ...]]:
        values = tuple(one.weights.model_dump().values())
        return -round(one.reached, 6), distance(one.weights), values

    return min(tried, key=order).weights


def lexical_share(weights: HybridWeights) -> float:
    """Return the weight of words and n-grams, where that of all but feedback is 1."""
    lexical = weights.words + weights.ngrams
    return lexical / (lexical + weights.passage + weights.views)


def with_lexical_share(weights: HybridWeights, share: float) -> HybridWeights:
    """Return weights of which words and n-grams have another share, all else being the same."""
    dense, lexical = weights.passage + weights.views, weights.words + weights.ngrams
    to_dense = (1 - share) * (dense + lexical) / (dense or 1)
    to_lexical = share * (dense + lexical) / (lexical or 1)
    return HybridWeights(
        passage=weights.passage * to_dense,
        views=weights.views * to_dense,
        words=weights.words * to_lexical,
        ngrams=weights.ngrams * to_lexical,
        feedback=weights.feedback,
    )


def kept_sweep(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    path: Path,
    key: str,
) -> Sweep:
    """Read what weights reached from `path`, or try them and write it there.

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
    made = sweep(searcher, benchmark, judged_by, calibrated, key)
    write_text(made.model_dump_json(), path)
    return made


def sweep(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    key: str = "",
) -> Sweep:
    """Try weights of hybrid search.

    All rank the documents that the calibrated weights would pool; where these leave a ranker
    out, it has its usual weight in that.

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
    key
        Of the outcome.
    """
    chosen = calibrated.hybrid
    every = _with_all(chosen)
    own = lexical_share(chosen)
    shares = sorted({own, *(step / STEPS for step in range(STEPS + 1))})
    line = [chosen if share == own else with_lexical_share(every, share) for share in shares]
    grid = list(_grid(_rankers(searcher), every.feedback))
    trial = _Trial(searcher, benchmark, judged_by, calibrated.model_copy(update={"hybrid": every}))
    reached = trial.reached([*line, *grid])
    on_line, others = reached[: len(line)], reached[len(line) :]
    best = best_of(reached, chosen)
    others += trial.reached([best.model_copy(update={FEEDBACK: weight}) for weight in _FEEDBACK])
    return Sweep(key=key, line=on_line, others=others)


def _with_all(weights: HybridWeights) -> HybridWeights:
    """Return weights in which no ranker is left out, but for feedback."""
    usual = HybridWeights(feedback=weights.feedback)
    return HybridWeights.of({name: own or getattr(usual, name) for name, own in weights})


def _rankers(searcher: Searcher) -> list[str]:
    """Return the rankers that differ, but for feedback."""
    lexical = searcher.manifest.lexical
    dense = DENSE_RANKERS if searcher.representation == "views" else DENSE_RANKERS[:1]
    return [*dense, *(lexical.rankers if lexical else ())]


def _grid(rankers: Sequence[str], feedback: float) -> Iterator[HybridWeights]:
    """Yield all ways to share out what feedback leaves in `PARTS` parts."""
    for parts in product(range(PARTS + 1), repeat=len(rankers)):
        if sum(parts) == PARTS:
            own = {
                name: part / PARTS * (1 - feedback)
                for name, part in zip(rankers, parts, strict=True)
            }
            yield HybridWeights.of({**own, FEEDBACK: feedback})


class _Trial:
    """Ranks the same pools by many weights."""

    def __init__(
        self, searcher: Searcher, benchmark: Benchmark, judged_by: str, calibrated: SearchSettings
    ) -> None:
        self._searcher = searcher
        self._benchmark = benchmark
        self._judged_by = judged_by
        self._calibrated = calibrated
        cutoff = parse_measure(judged_by).params.get("cutoff") or _POOL
        self._depth = cutoff + benchmark.remove_self

    def reached(self, every: Sequence[HybridWeights]) -> list[Tried]:
        """Return what weights reach, in their order."""
        benchmark = self._benchmark
        runs: list[Run] = [{} for _ in every]
        pools = self._searcher.pools(list(benchmark.queries.values()), _POOL, self._calibrated)
        shown = track(
            zip(benchmark.queries, pools, strict=True),
            "trying weights",
            lambda: len(benchmark.queries),
            unit="queries",
        )
        in_force = [normalize_weights(weights.model_dump()) for weights in every]
        for query, pool in shown:
            ids = np.array(pool.index.ids(pool.ordinals))
            blend = pool.blend(self._calibrated.fusion)
            for run, weights in zip(runs, in_force, strict=True):
                run[query] = self._ranking(ids, total(blend.brought(weights)))
        measured = track(runs, "measuring weights", lambda: len(runs), unit="weights")
        return [
            Tried(weights, self._measured(run))
            for weights, run in zip(every, measured, strict=True)
        ]

    def _ranking(
        self, ids: npt.NDArray[np.str_], scores: npt.NDArray[np.float64]
    ) -> list[tuple[str, float]]:
        leading = first(scores, self._depth)
        found = zip(ids[leading].tolist(), scores[leading].tolist(), strict=True)
        return break_ties(found)[: self._depth]

    def _measured(self, run: Run) -> float:
        if self._benchmark.remove_self:
            run = without_self(run)
        return measure(self._benchmark.qrels, run, [self._judged_by])[self._judged_by]
