"""Which documents of the whole corpus have the passages that are nearest to a view."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from corpus_tuner.checks import Candidate
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.sources import count_records
from corpus_tuner.document_encoder import DocumentEncoder
from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.representations import passage
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.pool import draw
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.store.segment import Segment
from corpus_tuner.indexes.store.segment_files import SEGMENT, write_segment
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from corpus_tuner.passages import split_passages
from corpus_tuner.progress import track
from corpus_tuner.settings import Settings

_AT_ONCE = 256  # documents
_REPRESENTATION = passage.Representation(passage.Settings(windows="all"))


class PassageFinder:
    """Reads the passages of a corpus when first asked, and keeps them until it is closed.

    Parameters
    ----------
    corpus
        To be found in.
    folder
        In which the passages' vectors are kept; what is there already is not read again.
    language, settings
        Say how documents are cut.
    encoder
        Encodes passages as the views of their documents are encoded.
    """

    def __init__(
        self,
        corpus: Corpus,
        folder: Path,
        language: str,
        settings: Settings,
        encoder: DocumentEncoder,
    ) -> None:
        self._corpus = corpus
        self._folder = folder
        self._language = language
        self._passages = settings.passages
        self._encoder = encoder.encoder

    def __enter__(self) -> "PassageFinder":
        return self

    def __exit__(self, *_: object) -> None:
        if "_segment" in self.__dict__:
            self._segment.close()
        if "_staging" in self.__dict__:
            self._staging.close()

    def nearest(self, candidates: Sequence[Candidate], most: int) -> list[list[str]]:
        """Return for each candidate, as a query, the documents with the best passages, by id."""
        if self._encoder.symmetric:
            vectors = np.stack([candidate.vector for candidate in candidates])
        else:
            vectors = self._encoder.encode_queries([each.view.text for each in candidates])
        plan = Plan(most, views=0, words=0, fusion="zscore", pool=most)
        near = self._segment.dense.top_documents(vectors, most, plan.views)
        return [
            draw([self._segment], plan, vector, [found], None).best(plan).ids
            for vector, found in zip(vectors, near, strict=True)
        ]

    def vectors_of(self, documents: Sequence[Document]) -> dict[str, Vectors]:
        """Return the passages' vectors of those documents that were read, by their ids."""
        if "_segment" not in self.__dict__:
            return {}
        every = self._staging.vectors(_REPRESENTATION.name)
        return {
            id_: every[first : first + count]
            for id_, rows in self._staging.rows_of(documents).items()
            for first, count in (rows[_REPRESENTATION.name],)
        }

    @cached_property
    def _staging(self) -> Staging:
        self._folder.mkdir(parents=True, exist_ok=True)
        return Staging(self._folder, [_REPRESENTATION], self._encoder.dimension)

    @cached_property
    def _segment(self) -> Segment:
        """The passages, as a segment of an index."""
        total = count_records(self._corpus.source)
        chunks = self._corpus.chunks(_AT_ONCE)
        for chunk in track(chunks, "reading passages", lambda: total, len):
            self._staging.add(self._encoded(self._staging.missing(chunk)))
            self._staging.arrange(chunk)
        write_segment(self._staging, None)
        return Segment(self._folder / SEGMENT, _REPRESENTATION, self._encoder.dimension)

    def _encoded(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        passages = split_passages(documents, self._language, self._encoder, self._passages)
        vectors = self._encoder.encode_groups(passages)
        return [
            EncodedDocument(document, [View(document.id, "passage", text) for text in texts], own)
            for document, texts, own in zip(documents, passages, vectors, strict=True)
        ]
