"""What is asked of an index that is searched, wherever it is: on this disk, or in a service.

Scores are brought to one scale and added up in one way (`corpus_tuner.indexes.search.candidates`).
An index only says which documents come first by any ranker, what each ranker gives to all of these,
and what is shown of those that were found.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.fields import Fields
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.pseudo_relevance_feedback import Nearness
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals


class Drawn(NamedTuple):
    """The documents that are looked at for a query.

    Attributes
    ----------
    documents
        Every one that is among the first `Plan.size` by vectors, or by a lexical ranker, and all
        that tie with the last of those.
    scores
        Theirs by every ranker that has a say, but for feedback; shape (documents,).
    """

    documents: Ordinals
    scores: Mapping[str, Scores]


class Match(NamedTuple):
    """What is known of a document that was found.

    Attributes
    ----------
    document
        It.
    view
        The one that is nearest to the query; without a query's vector the passage.
    windows
        The texts of its passages, by their positions among its views.
    near
        How near those of its views are that have a vector, by position; empty without a query's.
    """

    document: Document
    view: View
    windows: Mapping[int, str]
    near: Mapping[int, float]


class Index(Protocol):
    """An index as it was when it was opened; safe to use from several threads.

    Documents are known by numbers, int64, that only this index understands.
    """

    @property
    def fields(self) -> Fields:
        """What filters can name."""

    def draw(self, plan: Plan, queries: Sequence[str], vectors: Vectors | None) -> Iterator[Drawn]:
        """Yield the documents that are looked at for every query.

        Parameters
        ----------
        plan
            How they are searched.
        queries
            Texts.
        vectors
            Theirs, float32, shape (queries, dimension); ``None`` where vectors have no say.

        Raises
        ------
        SearchIndexError
            If the plan's filter asks for a field or a type that there is not.
        """

    def ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""

    def nearness(self, documents: Ordinals) -> Nearness:
        """Return what compares the passages of documents with those of some of them."""

    def matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return what is known of documents, in their order.

        Parameters
        ----------
        vector
            Of the query, float32, shape (dimension,).
        documents
            Which.
        """

    def score_texts(
        self, ranker: LexicalRanker, query: str, texts: Sequence[str], how: BM25
    ) -> Scores:
        """Return what documents of these texts would score if each stood among the others."""

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""

    def documents(self) -> Iterator[Document]:
        """Yield all documents, some at a time from the disk or the service."""

    def close(self) -> None:
        """Close files and connections."""


class Source(ABC):
    """Where an index is, and goes on being while it changes."""

    @abstractmethod
    def manifest(self) -> Manifest:
        """Return what the index says of itself now.

        Raises
        ------
        SearchIndexError
            If there is none, or it cannot be read.
        """

    @abstractmethod
    def open(self, representation: str) -> tuple[Manifest, Index]:
        """Open the index as it is now.

        Raises
        ------
        SearchIndexError
            If it cannot be read, or has no longer this representation.
        """

    @abstractmethod
    def verify(self) -> None:
        """Read all of it and compare checksums.

        Raises
        ------
        SearchIndexError
            If something is not as it was written.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; indexes that were opened from here are closed as well."""
