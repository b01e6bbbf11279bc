"""Feedback: documents like the first hits, for queries that have more than one answer.

The first hits are taken for relevant, and how near a passage is to the mean of theirs is one more
score. Source: Rocchio, "Relevance Feedback in Information Retrieval", 1971; with dense vectors: Li,
Mourad, Zhuang, Koopman and Zuccon, "Pseudo Relevance Feedback with Deep Language Models and Dense
Retrievers", TOIS 2023. Only the documents of the pool are scored, so it costs no second search.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import first

FIRST = 2
"""So many hits are taken for relevant, and all that tie with the last of them."""

Nearness = Callable[[Ordinals], Scores]
"""Given the positions of some documents of a pool, returns how near the passage of every document
is to the mean of theirs: inner products, float64, shape (documents,)."""


def feedback(
    nearness: Nearness, scores: Scores, core: npt.NDArray[np.bool_] | None = None
) -> Scores:
    """Return how near every document is to those that score best.

    Parameters
    ----------
    nearness
        Compares the documents' passages.
    scores
        By all other rankers, shape (documents,).
    core
        Which documents can be taken for relevant, shape (documents,); by default all. The others do
        not change the result, so it does not depend on how many documents the search returns.

    Examples
    --------
    >>> passages = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> feedback(nearness_of(lambda: passages), np.array([3.0, 1.0, 2.0])).round(2)
    array([0.8, 0.4, 0.8])
    """
    if not len(scores):
        return np.zeros(0)
    among = np.arange(len(scores)) if core is None else np.flatnonzero(core)
    return nearness(among[first(scores[among], FIRST)])


def nearness_of(passages: Callable[[], Scores]) -> Nearness:
    """Return what compares passages whose vectors are at hand.

    Parameters
    ----------
    passages
        Returns them, float64, shape (documents, dimension); called once, when first needed.
    """
    fetched = cache(passages)

    def nearness(relevant: Ordinals) -> Scores:
        vectors = fetched()
        mean = vectors[relevant].mean(axis=0)
        found: Scores = np.einsum("pd,d->p", vectors, mean)  # not by BLAS: see StoredRows
        return found

    return nearness
