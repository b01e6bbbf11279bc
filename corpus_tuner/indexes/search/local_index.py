"""An index on this disk: the segments that its manifest names."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.fields import Fields
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalIndex, LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.representations import Parts, Scores, stored_representation
from corpus_tuner.indexes.search.backend import Drawn, Match, Source
from corpus_tuner.indexes.search.candidates import find_top_matches
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.search.pseudo_relevance_feedback import Nearness, nearness_of
from corpus_tuner.indexes.search.weighted_sum import ByRanker
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest, verify
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import DenseIndex, Near

_DOCUMENTS_AT_ONCE = 256
_SMALL = 2**20  # bytes of a file whose checksum is compared whenever an index is opened
_TRIES = 20  # to open an index that is built again and again meanwhile
_Read = TypeVar("_Read")


class LocalIndex:
    """Segments that are open, as `corpus_tuner.indexes.search.backend.Index` is asked.

    Attributes
    ----------
    segments
        The documents.
    dense
        Their vectors.
    lexical
        Their words and n-grams; ``None`` if it has none.
    """

    def __init__(
        self, segments: Segments, dense: DenseIndex, lexical: LexicalIndex | None = None
    ) -> None:
        self.segments = segments
        self.dense = dense
        self.lexical = lexical

    @property
    def fields(self) -> Fields:
        """What filters can name."""
        return self.segments.fields

    def draw(self, plan: Plan, queries: Sequence[str], vectors: Vectors | None) -> Iterator[Drawn]:
        """Yield the documents that are looked at for every query."""
        only = self.segments.matching(plan.condition) if plan.condition is not None else None
        nothing: list[None] = [None] * len(queries)
        nearest: Sequence[Near | None] = nothing
        if vectors is not None:
            nearest = self.dense.top_documents(vectors, plan.size, plan.views, only)
        own = nothing if vectors is None else vectors
        for query, vector, near in zip(queries, own, nearest, strict=True):
            # One query's scores of all documents at a time.
            lexical: dict[str, Scores] = {
                name: self._lexical(name, query, plan, only) for name in plan.lexical
            }
            yield self._drawn(plan, vector, near, lexical)

    def ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""
        return self.segments.ids(documents)

    def nearness(self, documents: Ordinals) -> Nearness:
        """Return what compares the passages of documents with those of some of them."""
        return nearness_of(lambda: self.dense.passages(documents))

    def matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return what is known of documents, in their order."""
        if vector is None:
            near: list[dict[int, float]] = [{} for _ in documents]
            best = self.dense.first_views(documents)
        else:
            near = self.dense.near(vector, documents)
            # Of equal ones the first, in every document.
            best = np.array([max(own, key=own.__getitem__) for own in near], np.int64)
        return [
            Match(*known)
            for known in zip(
                self.segments.documents(documents),
                self.segments.views_at(documents, best),
                self.segments.passages(documents),
                near,
                strict=True,
            )
        ]

    def score_texts(
        self, ranker: LexicalRanker, query: str, texts: Sequence[str], how: BM25
    ) -> Scores:
        """Return what documents of these texts would score if each stood among the others."""
        assert self.lexical
        return self.lexical.score_texts(ranker, query, texts, how)

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        found = self.segments.named([id_])
        if not found:
            return None
        ordinal = found[id_][0]
        return self.segments.document(ordinal), self.segments.views(ordinal)

    def documents(self) -> Iterator[Document]:
        """Yield all documents, in the order of the segments."""
        for some in split_into_chunks(np.flatnonzero(self.segments.live_docs), _DOCUMENTS_AT_ONCE):
            yield from self.segments.documents(np.array(some))

    def close(self) -> None:
        """Close the files."""
        self.segments.close()

    def _lexical(
        self, ranker: LexicalRanker, query: str, plan: Plan, only: Ordinals | None
    ) -> Scores:
        """Return the scores of all documents, 0 for what may not be found."""
        assert self.lexical
        found = self.lexical.scores(ranker, query, getattr(plan.settings, ranker))
        if only is None:
            return found
        kept = np.zeros(len(found))
        kept[only] = found[only]
        return kept

    def _drawn(
        self, plan: Plan, vector: Vectors | None, near: Near | None, lexical: ByRanker
    ) -> Drawn:
        """Return the documents that are looked at for one query.

        Parameters
        ----------
        plan, vector
            As `draw` takes them.
        near
            What vectors put first; ``None`` where they have no say.
        lexical
            The scores of all documents by every lexical ranker that has a say, 0 for those that may
            not be found.
        """
        documents = near.documents if near else np.zeros(0, np.int64)
        parts = near.parts if near else Parts.zeros()
        if lexical:
            leading = np.concatenate(
                [find_top_matches(scores, plan.size) for scores in lexical.values()]
            )
            others = np.setdiff1d(leading, documents)
            more = Parts.zeros(len(others))
            if near is not None and vector is not None:
                more = self.dense.parts(vector, others, near.seen)
            documents = np.concatenate([documents, others])
            parts = parts.joined(more)
        dense = parts._asdict() if near else {}
        return Drawn(
            documents, {**dense, **{name: own[documents] for name, own in lexical.items()}}
        )


class LocalIndexSource(Source):
    """The folder of an index.

    Parameters
    ----------
    folder
        It.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def manifest(self) -> Manifest:
        """Return what the index says of itself now."""
        return self._steadily(lambda: read_manifest(self._folder))

    def open(self, representation: str) -> tuple[Manifest, LocalIndex]:
        """Open the index as it is now."""
        return self._steadily(lambda: self._open(representation))

    def verify(self) -> None:
        """Read all files and compare their checksums."""
        verify(self._folder, self.manifest().segments)

    def close(self) -> None:
        """Nothing is open but the indexes, which are closed by themselves."""

    def _open(self, representation: str) -> tuple[Manifest, LocalIndex]:
        manifest = read_manifest(self._folder)
        if representation not in manifest.representations:
            raise SearchIndexError(
                f"{self} was built again without the representation {representation!r}"
            )
        verify(self._folder, manifest.segments, most=_SMALL)
        how = stored_representation(manifest.representations[representation])
        segments = Segments.of(self._folder, manifest)
        try:
            engine = manifest.engine_of(representation)
            dense = segments.dense(how, manifest.encoder.dimension, engine)
            lexical = None
            if manifest.lexical:
                lexical = LexicalIndex(segments.folders, manifest.lexical, segments.live_docs)
        except BaseException:
            segments.close()
            raise
        return manifest, LocalIndex(segments, dense, lexical)

    def _steadily(self, read: Callable[[], _Read]) -> _Read:
        """Read an index; again, if it failed and there was a commit meanwhile.

        A commit takes away what it replaces. Whoever has just read the manifest that named it must
        read the new one.
        """
        for _ in range(_TRIES):
            before = self._manifest_bytes()
            try:
                return read()
            except SearchIndexError:
                if self._manifest_bytes() == before:
                    raise
        raise SearchIndexError(f"{self} is built again all the time: try later")

    def _manifest_bytes(self) -> bytes:
        try:
            return Layout(self._folder).manifest.read_bytes()
        except OSError:
            return b""
