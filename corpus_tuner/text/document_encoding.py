"""Reading documents: every passage goes through the encoder once, spans are pooled from there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import Encoder, Span, Vectors
from corpus_tuner.text.passages import Passage, PassageSettings, get_full_text, split_passages
from corpus_tuner.text.views import OwnView, ViewSettings

_AT_ONCE = 32  # documents: enough to fill the passes of a CPU
_NONE = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document as the encoder read it.

    Attributes
    ----------
    document
        What was read.
    passages
        Its passages as views.
    vectors
        Of the passages, float32, shape (passages, dimension), unit rows.
    spans
        Unit vectors of spans of its whole text (`corpus_tuner.text.passages.get_full_text`).
    """

    document: Document
    passages: Sequence[View] = ()
    vectors: Vectors = field(default_factory=lambda: _NONE)
    spans: Mapping[Span, Vectors] = field(default_factory=dict)

    def get_vectors(self, spans: Sequence[Span]) -> Vectors:
        """Return the vectors of spans, shape (spans, dimension); those that were asked for."""
        if not spans:
            return np.zeros((0, self.vectors.shape[1]), np.float32)
        return np.stack([self.spans[span] for span in spans])

    def add_views(self, own: Sequence[OwnView]) -> tuple[list[View], Vectors]:
        """Return passages and own views, and their vectors, shape (views, dimension)."""
        views = [*self.passages, *(view for view, _ in own)]
        return views, np.concatenate([self.vectors, self.get_vectors([span for _, span in own])])

    def combine_vectors(self, spans: Sequence[Span]) -> Vectors:
        """Return the vector of a text that is made of spans: the direction of their mean."""
        total = self.get_vectors(spans).sum(axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


class DocumentEncoder:
    """Reads documents; what it gives for one depends on that document alone.

    Parameters
    ----------
    encoder
        Reads passages.
    languages
        That the documents are in.
    passages, views
        Say how documents are cut, and how spans are read.
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
        self.pooled = views.late_chunking and encoder.pools_spans
        self._passages = passages

    def read(
        self,
        documents: Sequence[Document],
        spans: Sequence[Sequence[Span]],
        watch: Callable[[int], None] = lambda _: None,
    ) -> list[EncodedDocument]:
        """Return the vectors of the passages and of spans of every document.

        Parameters
        ----------
        documents
            Any number.
        spans
            Of the whole text of every document.
        watch
            Called with the number of documents that were read since it was called before.
        """
        readings: list[EncodedDocument] = []
        for start in range(0, len(documents), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            readings += self._read(documents[some], spans[some])
            watch(len(readings) - start)
        return readings

    def _read(
        self, documents: Sequence[Document], spans: Sequence[Sequence[Span]]
    ) -> list[EncodedDocument]:
        cut = split_passages(documents, self.languages, self.encoder, self._passages)
        wanted = [list(dict.fromkeys(own)) for own in spans]
        read = self._pool if self.pooled else self._encode_alone
        return [
            EncodedDocument(
                document,
                [View(document.id, "passage", passage.text) for passage in passages],
                vectors,
                found,
            )
            for document, passages, (vectors, found) in zip(
                documents, cut, read(documents, cut, wanted), strict=True
            )
        ]

    def _pool(
        self,
        documents: Sequence[Document],
        cut: Sequence[Sequence[Passage]],
        wanted: Sequence[Sequence[Span]],
    ) -> Iterator[tuple[Vectors, dict[Span, Vectors]]]:
        """Yield the vectors of passages, and those of spans as the best passage for it has them."""
        held = [_assign_spans(passages, own) for passages, own in zip(cut, wanted, strict=True)]
        vectors = iter(
            self.encoder.encode_spans(
                [passage.text for passages in cut for passage in passages],
                [
                    [passage.within(span) for span in spans]
                    for passages, own in zip(cut, held, strict=True)
                    for passage, spans in zip(passages, own, strict=True)
                ],
            )
        )
        for own in held:
            rows = list(islice(vectors, len(own)))
            found = {
                span: vector
                for spans, (_, *pooled) in zip(own, rows, strict=True)
                for span, vector in zip(spans, pooled, strict=True)
            }
            yield np.stack([row[0] for row in rows]), found

    def _encode_alone(
        self,
        documents: Sequence[Document],
        cut: Sequence[Sequence[Passage]],
        wanted: Sequence[Sequence[Span]],
    ) -> Iterator[tuple[Vectors, dict[Span, Vectors]]]:
        """Yield the vectors of passages, and those of spans, all encoded by themselves."""
        texts = []
        for document, passages, own in zip(documents, cut, wanted, strict=True):
            whole = get_full_text(document)
            texts += [passage.text for passage in passages]
            texts += [" ".join(whole[start:end].split()) for start, end in own]
        vectors = self.encoder.encode_documents(texts)
        first = 0
        for passages, own in zip(cut, wanted, strict=True):
            behind = first + len(passages)
            last = behind + len(own)
            yield vectors[first:behind], dict(zip(own, vectors[behind:last], strict=True))
            first = last


def _assign_spans(passages: Sequence[Passage], spans: Sequence[Span]) -> list[list[Span]]:
    """Return for every passage the spans that it holds best: whole, and amid most context."""
    held: list[list[Span]] = [[] for _ in passages]
    for span in spans:
        held[max(range(len(passages)), key=lambda one: passages[one].context(span))].append(span)
    return held
