"""An index on this disk: the segments named by its manifest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import Condition
from corpus_tuner.indexes.filters.fields import Fields
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25, LexicalIndex
from corpus_tuner.indexes.representations import Scores, max_of_documents, read_representation
from corpus_tuner.indexes.search.backend import IndexSource, Match, average_best_passages
from corpus_tuner.indexes.search.candidates import Candidates
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest, verify
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import DenseIndex, NearestDocuments
from corpus_tuner.text.near_duplicates import Signatures

_DOCUMENTS_AT_ONCE = 256
_SMALL = 2**20  # bytes of a file whose checksum is compared whenever an index is opened
_TRIES = 20  # to open an index that is built again and again meanwhile
_Read = TypeVar("_Read")


class LocalIndex:
    """Open segments, vectors, and terms by ranker (`corpus_tuner.indexes.search.backend.Index`)."""

    def __init__(
        self,
        segments: Segments,
        dense: DenseIndex,
        lexical: Mapping[LexicalRanker, LexicalIndex],
    ) -> None:
        self.segments = segments
        self.dense = dense
        self.lexical = lexical

    @property
    def fields(self) -> Fields:
        """Metadata fields for filters."""
        return self.segments.fields

    def restrict(self, condition: Condition) -> "LocalIndex":
        """Return the same files, as if there were only the documents that pass a filter."""
        segments = self.segments.restrict(condition)
        live_docs = segments.live_docs
        lexical = {name: own.restrict(live_docs) for name, own in self.lexical.items()}
        return LocalIndex(segments, self.dense.restrict(live_docs), lexical)

    def find_candidates(
        self, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query."""
        only = self.segments.find_matching(plan.condition) if plan.condition is not None else None
        if vectors is None:
            for query in queries:
                yield self._select_candidates(plan, query, only)
            return
        nearest = self.dense.top_documents(vectors, plan.depth, plan.views, only)
        for query, vector, near in zip(queries, vectors, nearest, strict=True):
            yield self._select_candidates(plan, query, only, vector, near)

    def read_ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""
        return self.segments.read_ids(documents)

    def read_signatures(self, documents: Ordinals) -> Signatures:
        """Return the MinHash signatures of documents, in their order."""
        return self.segments.read_signatures(documents)

    def compare_passages(
        self, query: Vectors | None, documents: Ordinals, relevant: Ordinals
    ) -> Scores:
        """Return the similarities of the documents to the mean passage of some of them."""
        passages, starts = self.dense.passages(documents)
        ends = np.append(starts[1:], len(passages))
        mean = average_best_passages(
            query, [passages[starts[position] : ends[position]] for position in relevant]
        )
        # Not a BLAS product, whose last digits depend on the number of rows: see StoredRows.
        return max_of_documents(np.einsum("pd,d->p", passages, mean), starts)

    def read_matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return documents with the similarities of their views, in their order."""
        if vector is None:
            similarities: list[dict[int, float]] = [{} for _ in documents]
            best = np.zeros(len(documents), np.int64)  # the passage
        else:
            similarities = self.dense.view_similarities(vector, documents)
            # Of equal ones the first, in every document.
            best = np.array([max(own, key=own.__getitem__) for own in similarities], np.int64)
        return [
            Match(*one)
            for one in zip(
                self.segments.read_packed(documents), best.tolist(), similarities, strict=True
            )
        ]

    def score_windows(
        self, ranker: LexicalRanker, query: str, document: int, windows: Sequence[str], how: BM25
    ) -> Scores:
        """Return the BM25 scores of the windows of a document, given by their texts."""
        lexical = self.lexical[ranker]
        if self.segments.windows[document] == 1:
            return lexical.score_texts(query, windows, how)
        first = lexical.first_windows[document]
        return lexical.score_windows(query, how, np.arange(first, first + len(windows)))

    def read_document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        found = self.segments.resolve_ids([id_])
        if not found:
            return None
        (stored,) = self.segments.read_stored(np.array(found[id_][:1]))
        return stored.document, stored.views

    def read_documents(self) -> Iterator[Document]:
        """Yield all documents, in the order of the segments."""
        for some in split_into_chunks(np.flatnonzero(self.segments.live_docs), _DOCUMENTS_AT_ONCE):
            yield from self.segments.read_documents(np.array(some))

    def close(self) -> None:
        """Close the files."""
        self.segments.close()

    def _select_candidates(
        self,
        plan: Plan,
        query: str,
        only: Ordinals | None,
        vector: Vectors | None = None,
        near: NearestDocuments | None = None,
    ) -> Candidates:
        """Return the candidates of one query, given its first documents by dense similarity."""
        documents = near.documents if near else np.zeros(0, np.int64)
        rankers = {
            name: (self.lexical[name], getattr(plan.settings, name)) for name in plan.lexical
        }
        leading = [
            ranker.find_candidates(query, how, plan.depth, only) for ranker, how in rankers.values()
        ]
        others = np.setdiff1d(np.concatenate([documents, *leading]), documents)
        dense = {}
        if near and vector is not None:
            dense = near.scores.concatenate(self.dense.score_documents(vector, others))._asdict()
        documents = np.concatenate([documents, others])
        scores = dense | {
            name: ranker.score_documents(query, how, documents)
            for name, (ranker, how) in rankers.items()
        }
        code = plan.fused and "words" in rankers and self.lexical["words"].has_rare_code(query)
        return Candidates.create(self, plan, vector, documents, scores, code)


class LocalIndexSource(IndexSource):
    """Folder of an index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def read_manifest(self) -> Manifest:
        """Read the manifest in force."""
        return self._retry(lambda: read_manifest(self._folder))

    def open(self, representation: str) -> tuple[Manifest, LocalIndex]:
        """Open the index as it is now."""
        return self._retry(lambda: self._open_once(representation))

    def verify(self) -> None:
        """Read all files and compare their checksums."""
        verify(self._folder, self.read_manifest().segments)

    def close(self) -> None:
        """Nothing is open but the indexes, which are closed by themselves."""

    def _open_once(self, representation: str) -> tuple[Manifest, LocalIndex]:
        manifest = read_manifest(self._folder)
        if representation not in manifest.representations:
            raise SearchIndexError(
                f"{self} was built again without the representation {representation!r}"
            )
        verify(self._folder, manifest.segments, most=_SMALL)
        how = read_representation(manifest.representations[representation])
        segments = Segments.open(self._folder, manifest)
        try:
            vectors = manifest.vectors_of(representation)
            dense = segments.open_dense(how, manifest.encoder.dimension, vectors)
            lexical: dict[LexicalRanker, LexicalIndex] = {}
            if settings := manifest.lexical:
                lexical = {
                    name: LexicalIndex(
                        segments.folders, name, settings, segments.windows, segments.live_docs
                    )
                    for name in settings.rankers
                }
        except BaseException:
            segments.close()
            raise
        return manifest, LocalIndex(segments, dense, lexical)

    def _retry(self, read: Callable[[], _Read]) -> _Read:
        """Read an index; again, if it failed and there was a commit meanwhile.

        A commit removes the files that it replaces, so that a reader with the old manifest must
        read the new one.
        """
        for _ in range(_TRIES):
            before = self._read_manifest_bytes()
            try:
                return read()
            except SearchIndexError:
                if self._read_manifest_bytes() == before:
                    raise
        raise SearchIndexError(f"{self} is built again all the time: try later")

    def _read_manifest_bytes(self) -> bytes:
        try:
            return Layout(self._folder).manifest.read_bytes()
        except OSError:
            return b""
