"""More questions, filtered by their relevance to the document as in Doc2Query--.

Gospodinov, MacAvaney and Macdonald, "Doc2Query--: When Less is More", ECIR 2023. The relevance is
the cosine of question and passage by the encoder of the index; no other scorer was at hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.generated_words import Texts, add_words, select_questions
from benchmarks.scored_collection import ScoredCollection
from corpus_tuner.core.documents import View
from corpus_tuner.encoders import Vectors
from corpus_tuner.eval.trec.measures import QueryValues
from corpus_tuner.indexes.representations.views import Settings as Views
from corpus_tuner.indexes.search.candidates import Candidates

SHARES = (0.1, 0.3, 0.5, 0.7, 1.0)
"""Shares of all questions of a collection that are used, the most relevant ones."""


def measure_filtered(
    collection: ScoredCollection, views: Sequence[Sequence[View]]
) -> Iterator[tuple[str, QueryValues]]:
    """Yield the use of the most relevant questions, as words and as views.

    Parameters
    ----------
    collection
        The collection.
    views
        Generated views of every document, not checked.
    """
    questions = select_questions(views)
    owners = np.repeat(np.arange(len(questions)), [len(own) for own in questions])
    vectors = collection.encoder.encode_documents([text for own in questions for text in own])
    passages, starts = collection.searcher.dense.passages(np.arange(len(questions)))
    of_documents = np.split(passages, starts[1:])
    relevance = np.array(
        [
            (of_documents[owner] @ vector).max()
            for owner, vector in zip(owners.tolist(), vectors, strict=True)
        ]
    )
    for share in SHARES:
        used = relevance >= np.quantile(relevance, 1 - share)
        added = _select(questions, used)
        as_words = add_words(collection, added)
        yield f"more questions, filtered, as words = {share}", as_words.measure(collection.weights)
        as_views = [_add_views(one, vectors[used], owners[used]) for one in collection.candidates]
        yield (
            f"more questions, filtered, as views = {share}",
            collection.measure(collection.weights, as_views),
        )


def _select(questions: Texts, used: Sequence[bool]) -> list[list[str]]:
    chosen = iter(used)
    return [[text for text in own if next(chosen)] for own in questions]


def _add_views(candidates: Candidates, vectors: Vectors, owners: np.ndarray) -> Candidates:
    """Return candidates with further invented views, given the ordinals of their documents."""
    assert candidates.vector is not None
    similarities = Views().invented * (vectors @ candidates.vector)
    best = np.full(int(max(owners.max(), candidates.documents.max())) + 1, -np.inf)
    np.maximum.at(best, owners, similarities)
    scores = np.maximum(candidates.scores["views"], best[candidates.documents])
    return replace(candidates, scores={**candidates.scores, "views": scores})
