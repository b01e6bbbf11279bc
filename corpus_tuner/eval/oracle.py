"""Oracle weights: the best weights of hybrid search by the judgments, an upper bound."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.progress import track
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import get_cutoff, measure_queries
from corpus_tuner.eval.trec.runs import Run, break_ties
from corpus_tuner.indexes.search.fusion import sum_contributions
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RANKERS,
    RERANKER,
    HybridWeights,
    SearchSettings,
    normalize_weights,
)
from corpus_tuner.indexes.vectors.dense_index import find_top

STEPS = 20
"""Number of steps from dense to lexical search."""
PARTS = 8
"""Number of parts that are divided among the rankers, but for pseudo-relevance feedback."""
_FEEDBACK = (0.0, 0.1, 0.2, 0.3, 0.4)
_POOL = 100


class Trial(NamedTuple):
    """Weights and their value by the measure, as a fraction."""

    weights: HybridWeights
    value: float


class Sweep(BaseModel):
    """Trials of weights on a benchmark.

    Attributes
    ----------
    key
        Hash of the inputs.
    line
        Trials from dense to lexical search, all else being as calibrated.
    others
        Trials of all rankers, then of feedback with the best of these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    line: list[Trial]
    others: list[Trial]


def choose_best(trials: Sequence[Trial], near: HybridWeights) -> HybridWeights:
    """Return the weights of the best trial; of equal ones those nearest to given weights."""

    def order(trial: Trial) -> tuple[float, float, tuple[float, ...]]:
        pairs = ((getattr(trial.weights, name), getattr(near, name)) for name in RANKERS)
        distance = round(sum(abs(float(one - other)) for one, other in pairs), 9)
        return -round(trial.value, 6), distance, tuple(trial.weights.model_dump().values())

    return min(trials, key=order).weights


def get_lexical_share(weights: HybridWeights) -> float:
    """Return the share of the lexical rankers in all weights but that of feedback."""
    lexical = weights.words + weights.ngrams
    return lexical / (lexical + weights.passage + weights.views)


def set_lexical_share(weights: HybridWeights, share: float) -> HybridWeights:
    """Return weights with another share of the lexical rankers, all else being the same."""
    dense, lexical = weights.passage + weights.views, weights.words + weights.ngrams
    to_dense = (1 - share) * (dense + lexical) / (dense or 1)
    to_lexical = share * (dense + lexical) / (lexical or 1)
    factors = {"passage": to_dense, "views": to_dense, "words": to_lexical, "ngrams": to_lexical}
    return HybridWeights.from_weights(
        {name: weight * factors.get(name, 1.0) for name, weight in weights}
    )


def list_line(chosen: HybridWeights) -> tuple[HybridWeights, list[HybridWeights]]:
    """Return weights for finding candidates, and those with every share of the lexical rankers.

    A ranker that the chosen weights leave out has its default weight in these.
    """
    default = HybridWeights(feedback=chosen.feedback)
    pooling = HybridWeights.from_weights(
        {name: own or getattr(default, name) for name, own in chosen}
    )
    own = get_lexical_share(chosen)
    shares = sorted({own, *(step / STEPS for step in range(STEPS + 1))})
    return pooling, [chosen if one == own else set_lexical_share(pooling, one) for one in shares]


def sweep(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    calibrated: SearchSettings,
    key: str = "",
) -> Sweep:
    """Measure weights of hybrid search; all of them rank the documents of `list_line`."""
    chosen = calibrated.hybrid
    pooling, line = list_line(chosen)
    grid = list(_list_grid(searcher, pooling))
    settings = calibrated.model_copy(update={"hybrid": pooling})
    trials = _try_weights(searcher, benchmark, judged_by, settings, [*line, *grid])
    best = choose_best(trials, chosen)
    by_feedback = [best.model_copy(update={FEEDBACK: weight}) for weight in _FEEDBACK]
    others = trials[len(line) :]
    others += _try_weights(searcher, benchmark, judged_by, settings, by_feedback)
    return Sweep(key=key, line=trials[: len(line)], others=others)


def _list_grid(searcher: Searcher, weights: HybridWeights) -> Iterator[HybridWeights]:
    """Yield all ways to divide among rankers what feedback leaves, in `PARTS` parts.

    Feedback and the reranker have their own weights, whose ratio to the others stays.
    """
    lexical = searcher.manifest.lexical
    dense = DENSE_RANKERS if searcher.representation == "views" else DENSE_RANKERS[:1]
    rankers = [*dense, *(lexical.rankers if lexical else ())]
    for parts in product(range(PARTS + 1), repeat=len(rankers)):
        if sum(parts) == PARTS:
            own = {
                name: part / PARTS * (1 - weights.feedback)
                for name, part in zip(rankers, parts, strict=True)
            }
            later = {name: getattr(weights, name) for name in (FEEDBACK, RERANKER)}
            yield HybridWeights.from_weights({**own, **later})


def _try_weights(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    settings: SearchSettings,
    every: Sequence[HybridWeights],
) -> list[Trial]:
    """Return the mean of a measure over all judged queries for many weights."""
    values = measure_weights(searcher, benchmark, judged_by, settings, every)
    means = [math.fsum(own) / len(benchmark.qrels) for own in values]
    return [Trial(weights, mean) for weights, mean in zip(every, means, strict=True)]


def measure_weights(
    searcher: Searcher,
    benchmark: Benchmark,
    judged_by: str,
    settings: SearchSettings,
    every: Sequence[HybridWeights],
) -> npt.NDArray[np.float64]:
    """Return the values of a measure, shape (weights, queries).

    All weights rank the same candidates, those of `settings`. Rankings are measured query by query,
    so that only those of one query are in memory.
    """
    depth = (get_cutoff(judged_by) or _POOL) + benchmark.remove_self
    queries = benchmark.queries
    found = track(
        searcher.find_candidates(list(queries.values()), _POOL, settings),
        "trying weights",
        lambda: len(queries),
        unit="queries",
    )
    normalized = [normalize_weights(weights.model_dump()) for weights in every]
    values = np.zeros((len(every), len(queries)))
    for number, (query, candidates) in enumerate(zip(queries, found, strict=True)):
        ids = np.array(candidates.index.read_ids(candidates.documents))
        run: Run = {}  # the ranking by each of the weights, as if they were queries
        for weights in normalized:
            scores = sum_contributions(candidates.fuse(weights, settings.fusion))
            leading = find_top(scores, depth)
            ranking = zip(ids[leading].tolist(), scores[leading].tolist(), strict=True)
            own = break_ties(ranking)[:depth]
            if benchmark.remove_self:
                own = [pair for pair in own if pair[0] != query]
            run[str(len(run))] = own
        qrels = dict.fromkeys(run, benchmark.qrels[query])
        values[:, number] = [*measure_queries(qrels, run, [judged_by])[judged_by].values()]
    return values
