"""The documents that may be found for a query, with all that their scores are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import Parts, Scores
from corpus_tuner.indexes.search.backend import Drawn, Index
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.probability import compute_probabilities
from corpus_tuner.indexes.search.weighted_sum import Blend, Brought, ByRanker, total
from corpus_tuner.indexes.store.search_settings import DENSE_RANKERS, Fusion
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import first


class Found(NamedTuple):
    """The best documents for a query, best first.

    Attributes
    ----------
    ids, scores
        Of these.
    positions
        Where they are in the pool.
    pool
        All that were looked at.
    brought
        What every ranker brings to the documents of the pool, by its name.
    probabilities
        Of these; ``None`` where the plan has no temperature.
    """

    ids: list[str]
    scores: list[float]
    positions: Ordinals
    pool: "Pool"
    brought: Mapping[str, Brought]
    probabilities: list[float] | None


@dataclass(frozen=True, slots=True)
class Pool:
    """Documents for one query, in arrays of shape (documents,).

    Attributes
    ----------
    vector
        Of the query, shape (dimension,); ``None`` where vectors have no say.
    index
        That it is drawn from.
    ordinals
        Which of all documents they are.
    scores
        By every ranker that has a say, but for feedback, which comes of the others.
    core
        Whether it is among those over which scores are scaled: the first `SearchSettings.pool` by
        any ranker. So what a document scores does not depend on how many are asked for.
    unfiltered
        What the same query draws without the plan's filter, for probabilities; ``None`` where there
        is no filter, or probabilities are not needed.
    """

    vector: Vectors | None
    index: Index
    ordinals: Ordinals
    scores: ByRanker
    core: npt.NDArray[np.bool_]
    unfiltered: "Pool | None" = None

    def ranked(self, plan: Plan) -> Scores:
        """Return what every document is ranked by, float64, rounded to `SCORE_DECIMALS`."""
        return total(self.brought(plan))

    def brought(self, plan: Plan) -> Mapping[str, Brought]:
        """Return what every ranker that has a say brings, by its name."""
        if plan.fused:
            return self.blend(plan.settings.fusion).brought(plan.weights)
        if not plan.dense:
            return {name: Brought(self.scores[name], self.scores[name]) for name in plan.weights}
        weights = dict(zip(DENSE_RANKERS, (1 - plan.views, plan.views), strict=True))
        return {
            name: Brought(self.scores[name], weights[name] * self.scores[name]) for name in weights
        }

    def blend(self, fusion: Fusion) -> Blend:
        """Return the scores of all rankers on one scale."""
        return Blend(self.scores, self.core, fusion, self.index.nearness(self.ordinals))

    def best(self, plan: Plan) -> Found:
        """Return the best `plan.k` documents; among equal scores the smaller id leads.

        Those that are less probable than `plan.min_probability` are left out.
        """
        brought = self.brought(plan)
        scores = total(brought)
        leading = first(scores, plan.k)  # and all that tie with the last of them
        ids = self.index.ids(self.ordinals[leading])
        by_score = zip((-scores[leading]).tolist(), ids, range(len(ids)), strict=True)
        order = [number for *_, number in sorted(by_score)[: plan.k]]
        probable = None
        if plan.temperature is not None:
            every = self._probabilities(plan, plan.temperature, scores)[leading]
            order = [number for number in order if every[number] >= plan.min_probability]
            probable = every[order].tolist()
        positions = leading[order]
        return Found(
            [ids[number] for number in order],
            scores[positions].tolist(),
            positions,
            self,
            brought,
            probable,
        )

    def _probabilities(self, plan: Plan, temperature: float, scores: Scores) -> Scores:
        """Return the probability of every document, given their scores.

        Where there is a filter, documents have the scores and probabilities that they have without
        it. Those that are not among the candidates then have theirs relative to the same total.
        """
        if self.unfiltered is None:
            return compute_probabilities(scores, self.core, temperature)
        others = self.at(np.flatnonzero(~np.isin(self.ordinals, self.unfiltered.ordinals)))
        every = self.unfiltered.joined(replace(others, core=np.zeros(len(others.ordinals), bool)))
        found = compute_probabilities(every.ranked(plan), every.core, temperature)
        order = np.argsort(every.ordinals)
        return found[order[np.searchsorted(every.ordinals, self.ordinals, sorter=order)]]

    def joined(self, *others: "Pool") -> "Pool":
        """Return this pool and other ones of the same query, by the same rankers."""
        pools = (self, *others)
        return Pool(
            self.vector,
            self.index,
            np.concatenate([pool.ordinals for pool in pools]),
            {name: np.concatenate([pool.scores[name] for pool in pools]) for name in self.scores},
            np.concatenate([pool.core for pool in pools]),
        )

    def at(self, positions: Ordinals) -> "Pool":
        """Return some of the documents."""
        return Pool(
            self.vector,
            self.index,
            self.ordinals[positions],
            {name: scores[positions] for name, scores in self.scores.items()},
            self.core[positions],
        )


def pool_of(index: Index, plan: Plan, vector: Vectors | None, drawn: Drawn) -> Pool:
    """Return the pool of a query.

    Parameters
    ----------
    index
        That it is drawn from.
    plan
        How the query is searched.
    vector
        Of the query, shape (dimension,); ``None`` where vectors have no say.
    drawn
        Its documents.
    """
    pool = Pool(vector, index, *drawn, np.zeros(len(drawn.documents), bool))
    pool.core[_leading(pool, plan, plan.settings.pool)] = True
    return pool


def _leading(pool: Pool, plan: Plan, size: int) -> Ordinals:
    """Return which documents are among the first `size` by any ranker."""
    leading = [find_top_matches(pool.scores[name], size) for name in plan.lexical]
    if plan.dense:
        parts = Parts(*(pool.scores[name] for name in DENSE_RANKERS))
        leading.append(first(parts.mixed(plan.views), size))
    return np.unique(np.concatenate(leading))


def find_top_matches(scores: npt.NDArray[Any], size: int) -> Ordinals:
    """Return which documents are the first `size` of those that share a term with the query."""
    (some,) = np.nonzero(scores)
    found: Ordinals = some[first(scores[some], size)]
    return found
