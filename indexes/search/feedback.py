"""Feedback: documents like the first hits, for queries that have more than one answer.

The first hits are taken for relevant, and how near a passage is to the mean of theirs is one more
score. Source: Rocchio, "Relevance Feedback in Information Retrieval", 1971; with dense vectors: Li,
Mourad, Zhuang, Koopman and Zuccon, "Pseudo Relevance Feedback with Deep Language Models and Dense
Retrievers", TOIS 2023. Only the documents of the pool are scored, so it costs no second search.
"""

import numpy as np

from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.vectors.scoring import first

FIRST = 2
"""So many hits are taken for relevant, and all that tie with the last of them."""


def feedback(passages: Scores, scores: Scores) -> Scores:
    """Return how near every document is to those that score best.

    Parameters
    ----------
    passages
        Vectors of the documents' passages, float64, shape (documents, dimension).
    scores
        By all other rankers, shape (documents,).

    Returns
    -------
    Inner products, float64, shape (documents,).

    Examples
    --------
    >>> feedback(np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.array([3.0, 1.0, 2.0])).round(2)
    array([0.8, 0.4, 0.8])
    """
    if not len(scores):
        return np.zeros(0)
    relevant = passages[first(scores, FIRST)].mean(axis=0)
    found: Scores = np.einsum("pd,d->p", passages, relevant)  # not by BLAS: see StoredRows
    return found
