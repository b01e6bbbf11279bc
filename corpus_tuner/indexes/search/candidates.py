"""Candidates: the documents that are scored for a query, and how they are ranked.

Fusion adds up the normalized scores of all rankers. The last but one is pseudo-relevance feedback:
the first two documents by all others are taken to be relevant, and every candidate is scored by the
similarity of its best passage to the mean of their best (Rocchio, "Relevance Feedback in
Information Retrieval", 1971; with dense vectors: Li, Mourad, Zhuang, Koopman and Zuccon, "Pseudo
Relevance Feedback with Deep Language Models and Dense Retrievers", TOIS 2023). Only the candidates
are scored, so that it costs no second search. The last one is a reranker, if there is one, which
scores only the first documents by all others (`corpus_tuner.indexes.search.reranking`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS
from corpus_tuner.indexes.representations import DenseScores, Scores
from corpus_tuner.indexes.search.fusion import (
    Contribution,
    Mask,
    compute_probabilities,
    normalize_scores,
    sum_contributions,
)
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.reranking import Reranking, weigh_reranker
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RERANKER,
    Fusion,
    normalize_weights,
)
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import find_top

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.backend import Index

CODE_SHARE = 0.75
"""Least weight of the lexical rankers for a query with a rare code, which is not reranked. Vectors
and rerankers hardly tell codes apart: the tokens of their models are parts of them."""
FEEDBACK_DOCUMENTS = 2
"""Number of first documents that are taken to be relevant, besides those that tie with the last."""


class Ranking(NamedTuple):
    """Best documents for a query, best first, and their positions among the candidates.

    Contributions are of all candidates, by ranker. There are no probabilities where the plan has no
    temperature, and no similar documents where near-duplicates are ranked by themselves.
    """

    ids: list[str]
    scores: list[float]
    positions: Ordinals
    candidates: "Candidates"
    contributions: Mapping[str, Contribution]
    probabilities: list[float] | None
    similar: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents that are scored for one query, in arrays of shape (documents,).

    Attributes
    ----------
    index
        Index of the documents.
    vector
        Query vector, shape (dimension,); ``None`` in lexical search.
    documents
        Numbers of the documents in the index: all that are among the first `Plan.depth` by dense
        similarity or a lexical ranker, and those that tie with the last of these.
    scores
        Scores by ranker, except feedback and the reranker's, which depend on the others.
    core
        Whether a document is among the first `SearchSettings.candidates` by any ranker. Scores are
        normalized over these, so that they do not depend on the number of hits.
    has_rare_code
        Whether the query has a code that few documents have, such as an error number: then the
        lexical rankers get `CODE_SHARE` of the weight, and the reranker none.
    unfiltered
        Candidates of the same query without the filter, for probabilities; ``None`` where there is
        no filter, or probabilities are not needed.
    reranking
        Scores by the reranker; ``None`` if there is no reranker.
    """

    index: "Index"
    vector: Vectors | None
    documents: Ordinals
    scores: Mapping[str, Scores]
    core: Mask
    has_rare_code: bool = False
    unfiltered: "Candidates | None" = None
    reranking: Reranking | None = None
    _normalized: dict[Fusion, dict[str, Scores]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _similarities: dict[tuple[int, ...], Scores] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def create(
        cls,
        index: "Index",
        plan: Plan,
        vector: Vectors | None,
        documents: Ordinals,
        scores: Mapping[str, Scores],
        has_rare_code: bool = False,
    ) -> "Candidates":
        """Return the candidates of a query with their core, by the plan of the search."""
        size = plan.settings.candidates
        leading = [find_top_matches(scores[name], size) for name in plan.lexical]
        if plan.dense:
            dense = DenseScores(*(scores[name] for name in DENSE_RANKERS))
            leading.append(find_top(dense.combine(plan.views), size))
        core = np.zeros(len(documents), bool)
        core[np.concatenate(leading)] = True
        return cls(index, vector, documents, scores, core, has_rare_code)

    def drop_dense_scores(self, plan: Plan) -> "Candidates":
        """Return the candidates without dense scores, if some share a term with the query."""
        lexical = [name for name in self.scores if name not in DENSE_RANKERS]
        if not any(self.scores[name].any() for name in lexical):
            return self
        nothing = np.zeros(len(self.documents))
        scores = {
            name: nothing if name in DENSE_RANKERS else own for name, own in self.scores.items()
        }
        return self.create(
            self.index, plan, self.vector, self.documents, scores, self.has_rare_code
        )

    def compute_scores(self, plan: Plan) -> Scores:
        """Return the fused score of every document, float64."""
        return sum_contributions(self.compute_contributions(plan))

    def compute_contributions(self, plan: Plan) -> dict[str, Contribution]:
        """Return the scores of the plan's rankers, by name."""
        if plan.fused:
            weights = plan.weights
            if self.has_rare_code:
                weights = _raise_lexical_weights(weights)
            return self.fuse(weights, plan.settings.fusion)
        weights = dict.fromkeys(plan.weights, 1.0)
        if plan.dense:
            weights = dict(zip(DENSE_RANKERS, (1 - plan.views, plan.views), strict=True))
        return {
            name: Contribution(self.scores[name], weight * self.scores[name])
            for name, weight in weights.items()
        }

    def fuse(self, weights: Mapping[str, float], fusion: Fusion) -> dict[str, Contribution]:
        """Return the normalized and weighted scores of rankers, by name."""
        if fusion not in self._normalized:
            self._normalized[fusion] = {
                name: normalize_scores(own, fusion, self.core) for name, own in self.scores.items()
            }
        contributions = {
            name: Contribution(self.scores[name], weights[name] * own)
            for name, own in self._normalized[fusion].items()
            if name in weights
        }
        if FEEDBACK in weights:
            similar = self.compute_feedback(sum_contributions(contributions))
            weighted = weights[FEEDBACK] * normalize_scores(similar, fusion, self.core)
            contributions[FEEDBACK] = Contribution(similar, weighted)
        if RERANKER in weights and self.reranking:
            reranked = self.rerank(self.reranking, sum_contributions(contributions))
            contributions[RERANKER] = weigh_reranker(reranked, weights[RERANKER], fusion)
        return contributions

    def compute_feedback(self, scores: Scores) -> Scores:
        """Return the pseudo-relevance feedback scores, given the fused scores of all others."""
        if not len(scores):
            return np.zeros(0)
        core = np.flatnonzero(self.core)
        relevant = core[find_top(scores[core], FEEDBACK_DOCUMENTS)]
        key = tuple(relevant.tolist())
        if key not in self._similarities:
            self._similarities[key] = self.index.compare_passages(
                self.vector, self.documents, relevant
            )
        return self._similarities[key]

    def rerank(self, reranking: Reranking, scores: Scores) -> Scores:
        """Return the scores of the first documents by a reranker, NaN for all others.

        `scores` are the fused scores by all other rankers. Documents that tie with the last of the
        first ones are scored, too.
        """
        core = np.flatnonzero(self.core)
        first = core[find_top(scores[core], reranking.settings.candidates)]
        first = first[np.argsort(-scores[first], kind="stable")]
        reranked = np.full(len(scores), np.nan)
        reranked[first] = reranking.score(self.index, self.vector, self.documents[first])
        return reranked

    def rank(self, plan: Plan) -> Ranking:
        """Return the best `plan.k` documents; among equal scores the smaller id leads.

        Documents less probable than `plan.min_probability` are left out.
        """
        contributions = self.compute_contributions(plan)
        scores = sum_contributions(contributions)
        leading = find_top(scores, plan.k)  # and all that tie with the last of them
        ids = self.index.read_ids(self.documents[leading])
        by_score = zip((-scores[leading]).tolist(), ids, range(len(ids)), strict=True)
        order = [number for *_, number in sorted(by_score)[: plan.k]]
        probabilities = None
        if plan.temperature is not None:
            every = self._compute_probabilities(plan, plan.temperature, scores)[leading]
            order = [number for number in order if every[number] >= plan.min_probability]
            probabilities = every[order].tolist()
        positions = leading[order]
        return Ranking(
            [ids[number] for number in order],
            scores[positions].tolist(),
            positions,
            self,
            contributions,
            probabilities,
        )

    def _compute_probabilities(self, plan: Plan, temperature: float, scores: Scores) -> Scores:
        """Return the probability of every document, which a filter does not change.

        One that is not among the unfiltered candidates has a probability relative to their total.
        """
        if self.unfiltered is None:
            return compute_probabilities(scores, self.core, temperature)
        others = self.select(np.flatnonzero(~np.isin(self.documents, self.unfiltered.documents)))
        outside = replace(others, core=np.zeros(len(others.documents), bool))
        every = self.unfiltered.append(outside)
        found = compute_probabilities(every.compute_scores(plan), every.core, temperature)
        order = np.argsort(every.documents)
        return found[order[np.searchsorted(every.documents, self.documents, sorter=order)]]

    def append(self, other: "Candidates") -> "Candidates":
        """Return these candidates and other ones of the same query, by the same rankers."""
        return replace(
            self,
            documents=np.concatenate([self.documents, other.documents]),
            scores={
                name: np.concatenate([own, other.scores[name]]) for name, own in self.scores.items()
            },
            core=np.concatenate([self.core, other.core]),
        )

    def select(self, positions: Ordinals) -> "Candidates":
        """Return the candidates at some positions."""
        return replace(
            self,
            documents=self.documents[positions],
            scores={name: scores[positions] for name, scores in self.scores.items()},
            core=self.core[positions],
        )


def find_top_matches(scores: npt.NDArray[Any], size: int) -> Ordinals:
    """Return the positions of the first `size` of the documents that share a term with a query."""
    (matching,) = np.nonzero(scores)
    return np.asarray(matching[find_top(scores[matching], size)])


def _raise_lexical_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights without a reranker, at least `CODE_SHARE` of them of the lexical rankers."""
    weights = normalize_weights({**weights, RERANKER: 0.0})
    lexical = sum(weights.get(name, 0.0) for name in LEXICAL_RANKERS)
    if not 0 < lexical < CODE_SHARE:
        return {**weights}
    raised, lowered = CODE_SHARE / lexical, (1 - CODE_SHARE) / (1 - lexical)
    return {
        name: weight * (raised if name in LEXICAL_RANKERS else lowered)
        for name, weight in weights.items()
    }
