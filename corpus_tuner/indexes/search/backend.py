"""Protocol of an index that can be searched: segments on this disk, or a collection in Qdrant.

An index selects the candidates of a query, scores them by every ranker, and reads the documents of
hits. Fusion and ranking are the same code for every index
(`corpus_tuner.indexes.search.candidates`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import DAMAGED, DamagedError
from corpus_tuner.indexes.filters.fields import Fields
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.text.near_duplicates import Signatures


class FoundDocument(Protocol):
    """A document as the index stores it, which may be unpacked only when it is needed."""

    @property
    def document(self) -> Document:
        """The document."""

    def select_views(self, position: int) -> Mapping[int, View]:
        """Return the passages and one more view, by position among the views."""


class Match:
    """A document that was found.

    Parameters
    ----------
    found
        The document as the index stores it.
    position
        Position of the view that is nearest to the query; in lexical search of a passage.
    similarities
        Similarities of its views to the query, by position; empty in lexical search.

    Raises
    ------
    DamagedError
        If what is read of the document was damaged.
    """

    def __init__(
        self, found: FoundDocument, position: int, similarities: Mapping[int, float]
    ) -> None:
        self.similarities = similarities
        self._found = found
        self._position = position

    @property
    def document(self) -> Document:
        """The document."""
        return self._found.document

    @property
    def view(self) -> View:
        """View nearest to the query."""
        try:
            return self._views[self._position]
        except KeyError as error:
            raise DamagedError(f"vectors name views that do not exist: {DAMAGED}") from error

    @property
    def windows(self) -> dict[int, str]:
        """Texts of the passages, by position among the views."""
        return {at: view.text for at, view in self._views.items() if view.kind == "passage"}

    @cached_property
    def _views(self) -> Mapping[int, View]:
        return self._found.select_views(self._position)


class Index(Protocol):
    """A snapshot of an index; safe to use from several threads.

    Documents are known by numbers, int64, that only this index understands.
    """

    @property
    def fields(self) -> Fields:
        """Metadata fields for filters."""

    def find_candidates(
        self, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query.

        Parameters
        ----------
        plan
            Plan of the search.
        queries
            Texts of the queries.
        vectors
            Query vectors, float32, shape (queries, dimension); ``None`` in lexical search.

        Raises
        ------
        SearchIndexError
            If the filter names a field that does not exist, or has not the type.
        """

    def read_ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""

    def read_signatures(self, documents: Ordinals) -> Signatures:
        """Return the MinHash signatures of documents, in their order."""

    def compare_passages(
        self, query: Vectors | None, documents: Ordinals, relevant: Ordinals
    ) -> Scores:
        """Return the similarities of documents to the mean passage of some of them.

        They are inner products, float64, shape (documents,), of the best passage of each document.

        Parameters
        ----------
        query
            Query vector, float32, shape (dimension,), to which the passages of the relevant
            documents are the nearest; ``None`` takes the first.
        documents
            Documents that are compared.
        relevant
            Relevant ones, by their positions among these.
        """

    def read_matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return documents with the similarities of their views, in their order.

        The query vector is float32, shape (dimension,); ``None`` in lexical search.
        """

    def score_windows(
        self, ranker: LexicalRanker, query: str, document: int, windows: Sequence[str], how: BM25
    ) -> Scores:
        """Return the BM25 scores of the windows of a document, given by their texts."""

    def read_document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""

    def read_documents(self) -> Iterator[Document]:
        """Yield all documents, some at a time from the disk or the service."""

    def close(self) -> None:
        """Close files and connections."""


def average_best_passages(query: Vectors | None, passages: Sequence[npt.NDArray[Any]]) -> Scores:
    """Return the mean of one passage of every document, the one nearest to the query.

    Parameters
    ----------
    query
        Query vector, shape (dimension,); ``None`` takes the first passage.
    passages
        Passage vectors of every document, shape (passages, dimension).

    Returns
    -------
    Mean, float64, shape (dimension,).
    """
    best = [0 if query is None else int((own @ query).argmax()) for own in passages]
    chosen = [own[position] for own, position in zip(passages, best, strict=True)]
    return np.asarray(np.mean(np.array(chosen, np.float64), axis=0))


class IndexSource(ABC):
    """Location of an index, which may change while it is in use."""

    @abstractmethod
    def read_manifest(self) -> Manifest:
        """Read the manifest in force.

        Raises
        ------
        SearchIndexError
            If there is none, or it cannot be read.
        """

    @abstractmethod
    def open(self, representation: str) -> tuple[Manifest, Index]:
        """Open a snapshot of the index.

        Raises
        ------
        SearchIndexError
            If it cannot be read, or no longer has this representation.
        """

    @abstractmethod
    def verify(self) -> None:
        """Read the whole index and compare checksums.

        Raises
        ------
        SearchIndexError
            If something is not as it was written.
        """

    @abstractmethod
    def close(self) -> None:
        """Close connections; indexes that were opened here are closed as well."""
