"""Reranking: scores of the first candidates of a query by a reranker.

It reads of a document the passage that is nearest to the query: a cross-encoder reads no more at
once, and the others are likely to be about something else (Dai and Callan, "Deeper Text
Understanding for IR with Contextual Neural Language Modeling", SIGIR 2019).
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from corpus_tuner.core.counts import format_count
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.search.fusion import Contribution, normalize_scores
from corpus_tuner.indexes.search.snippets import score_windows
from corpus_tuner.indexes.store.search_settings import Fusion
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.rerankers import Reranker, RerankerSettings

if TYPE_CHECKING:
    from corpus_tuner.indexes.search.backend import Index
    from corpus_tuner.indexes.search.plan import Plan


class Reranking:
    """Scores of documents for one query, each computed once.

    Parameters
    ----------
    open_reranker
        Returns the reranker; called when a document is scored.
    settings
        Settings of the reranker.
    query
        The query.
    plan
        Plan of the search.
    limited
        Whether the time limit of the settings applies, from the first score on.
    texts
        Texts of documents by number that are scored instead of those of the index.
    """

    def __init__(
        self,
        open_reranker: Callable[[RerankerSettings], Reranker],
        settings: RerankerSettings,
        query: str,
        plan: "Plan",
        *,
        limited: bool = False,
        texts: Mapping[int, str] | None = None,
    ) -> None:
        self.settings = settings
        self._open_reranker = open_reranker
        self._query = query
        self._plan = plan
        self._limited = limited
        self._texts = dict(texts or {})
        self._scores: dict[int, float] = {}
        self._deadline: float | None = None

    @property
    def warning(self) -> str | None:
        """Message if the time did not suffice for all documents."""
        missing = sum(map(np.isnan, self._scores.values()))
        if not missing:
            return None
        count = format_count(len(self._scores), "document")
        return (
            f"the reranker scored {len(self._scores) - missing} of {count} in "
            f"{self.settings.seconds:g} s (search.reranker.seconds); the others follow in the "
            "order of the other rankers"
        )

    def replace_texts(self, texts: Mapping[int, str]) -> "Reranking":
        """Return the same reranking with other texts of some documents, by number."""
        return Reranking(
            self._open_reranker,
            self.settings,
            self._query,
            self._plan,
            limited=self._limited,
            texts=texts,
        )

    def score(self, index: "Index", vector: Vectors | None, documents: Ordinals) -> Scores:
        """Return the scores of documents, the best ones first, NaN for those without one.

        The query vector has the shape (dimension,).
        """
        missing = [number for number in documents.tolist() if number not in self._scores]
        if missing:
            reranker = self._open_reranker(self.settings)
            if self._limited and self._deadline is None:
                self._deadline = time.monotonic() + self.settings.seconds
            texts = self._read_texts(index, vector, missing)
            scores = reranker.score(self._query, texts, self._deadline)
            self._scores.update(zip(missing, scores.tolist(), strict=True))
        return np.array([self._scores[number] for number in documents.tolist()])

    def _read_texts(
        self, index: "Index", vector: Vectors | None, documents: list[int]
    ) -> list[str]:
        """Return the best window of every document, by number."""
        stored = [number for number in documents if number not in self._texts]
        matches = index.read_matches(vector, np.array(stored, np.int64))
        dense = vector is not None
        for number, match in zip(stored, matches, strict=True):
            scores = score_windows(index, self._plan, self._query, number, match, dense=dense)
            best = int(np.argmax(scores)) if scores else 0
            texts = [*match.windows.values()] or [match.document.text]
            self._texts[number] = texts[best]
        return [self._texts[number] for number in documents]


def weigh_reranker(scores: Scores, weight: float, fusion: Fusion) -> Contribution:
    """Return the contribution of a reranker; NaN are documents that it did not score.

    Scores are normalized over those that it scored. The others get the lowest score: since all
    other rankers put them behind, they stay behind, in their order.

    Examples
    --------
    >>> weigh_reranker(np.array([3.0, np.nan, 1.0]), 0.5, "minmax").weighted.tolist()
    [0.5, 0.0, 0.0]
    """
    scored = ~np.isnan(scores)
    if not scored.any():
        return Contribution(scores, np.zeros(len(scores)))
    every = np.where(scored, scores, scores[scored].min())
    return Contribution(scores, weight * normalize_scores(every, fusion, scored))
