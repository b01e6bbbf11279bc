"""Encoding of documents: one encoder pass a passage, from which spans are pooled."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Encoder, Span, Vectors
from corpus_tuner.text.passages import Passage, PassageSettings, get_full_text, split_passages
from corpus_tuner.text.views import OwnView, ViewSettings

_CHUNK = 32  # documents: enough to fill the batches of a CPU
_NONE = np.zeros((0, 0), np.float32)
_EncodedParts = Iterator[tuple[Vectors, dict[Span, Vectors]]]
"""Vectors of the passages and of the spans of each document."""


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document with the vectors of its passages and of spans.

    Attributes
    ----------
    document
        The document.
    passages
        Passages as views.
    vectors
        Vectors of the passages, float32, shape (passages, dimension), unit rows.
    spans
        Unit vectors of spans of its full text (`corpus_tuner.text.passages.get_full_text`).
    """

    document: Document
    passages: Sequence[View] = ()
    vectors: Vectors = field(default_factory=lambda: _NONE)
    spans: Mapping[Span, Vectors] = field(default_factory=dict)

    def get_vectors(self, spans: Sequence[Span]) -> Vectors:
        """Return the vectors of spans that were encoded, shape (spans, dimension)."""
        if not spans:
            return np.zeros((0, self.vectors.shape[1]), np.float32)
        return np.stack([self.spans[span] for span in spans])

    def add_views(self, own: Sequence[OwnView]) -> tuple[list[View], Vectors]:
        """Return passages and own views, and their vectors, shape (views, dimension)."""
        views = [*self.passages, *(view for view, _ in own)]
        return views, np.concatenate([self.vectors, self.get_vectors([span for _, span in own])])

    def combine_vectors(self, spans: Sequence[Span]) -> Vectors:
        """Return the unit vector of a text that consists of spans: the direction of their mean."""
        total = self.get_vectors(spans).sum(axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


class DocumentEncoder:
    """Encoder of documents; the vectors of a document depend on that document only.

    Attributes
    ----------
    late_chunking
        Whether spans are pooled from passages; otherwise they are encoded as separate texts.
    """

    def __init__(
        self,
        encoder: Encoder,
        languages: Languages,
        passages: PassageSettings,
        views: ViewSettings,
    ) -> None:
        self.encoder = encoder
        self.languages = languages
        self.late_chunking = views.late_chunking and encoder.pools_spans
        self._settings = passages

    def encode(
        self,
        documents: Sequence[Document],
        spans: Sequence[Sequence[Span]],
        watch: Callable[[int], None] = lambda _: None,
    ) -> list[EncodedDocument]:
        """Encode the passages of documents, and spans of their full texts.

        `watch` is called with the number of documents encoded since the last call.
        """
        encoded: list[EncodedDocument] = []
        for start in range(0, len(documents), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            encoded += self._encode_chunk(documents[chunk], spans[chunk])
            watch(len(encoded) - start)
        return encoded

    def split(self, documents: Sequence[Document]) -> list[list[Passage]]:
        """Return the passages of documents, in order; every document has at least one."""
        return split_passages(documents, self.languages, self.encoder, self._settings)

    def _encode_chunk(
        self, documents: Sequence[Document], spans: Sequence[Sequence[Span]]
    ) -> list[EncodedDocument]:
        passages = self.split(documents)
        unique = [list(dict.fromkeys(own)) for own in spans]
        if self.late_chunking:
            parts = self._pool(passages, unique)
        else:
            parts = self._encode_separately(documents, passages, unique)
        return [
            EncodedDocument(
                document,
                [View(document.id, "passage", passage.text) for passage in own],
                vectors,
                span_vectors,
            )
            for document, own, (vectors, span_vectors) in zip(
                documents, passages, parts, strict=True
            )
        ]

    def _pool(
        self, passages: Sequence[Sequence[Passage]], spans: Sequence[Sequence[Span]]
    ) -> _EncodedParts:
        """Encode passages, and pool the vector of each span from the passage with most context."""
        assigned = [_assign_spans(*pair) for pair in zip(passages, spans, strict=True)]
        vectors = iter(
            self.encoder.encode_spans(
                [passage.text for own in passages for passage in own],
                [
                    [passage.locate(span) for span in some]
                    for own, of_passages in zip(passages, assigned, strict=True)
                    for passage, some in zip(own, of_passages, strict=True)
                ],
            )
        )
        for of_passages in assigned:
            rows = list(islice(vectors, len(of_passages)))
            span_vectors = {
                span: vector
                for some, (_, *pooled) in zip(of_passages, rows, strict=True)
                for span, vector in zip(some, pooled, strict=True)
            }
            yield np.stack([row[0] for row in rows]), span_vectors

    def _encode_separately(
        self,
        documents: Sequence[Document],
        passages: Sequence[Sequence[Passage]],
        spans: Sequence[Sequence[Span]],
    ) -> _EncodedParts:
        """Encode passages and spans as separate texts."""
        texts = []
        for document, own, some in zip(documents, passages, spans, strict=True):
            full = get_full_text(document)
            texts += [passage.text for passage in own]
            texts += [" ".join(full[start:end].split()) for start, end in some]
        rows = iter(self.encoder.encode_documents(texts))
        for own, some in zip(passages, spans, strict=True):
            yield np.stack(list(islice(rows, len(own)))), dict(zip(some, rows, strict=False))


def _assign_spans(passages: Sequence[Passage], spans: Sequence[Span]) -> list[list[Span]]:
    """Return for each passage the spans that it contains with more context than the others."""
    assigned: list[list[Span]] = [[] for _ in passages]
    for span in spans:
        contexts = [passage.measure_context(span) for passage in passages]
        assigned[contexts.index(max(contexts))].append(span)
    return assigned
