"""Search an index: queries in, hits out."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar, Unpack, overload

import numpy as np

from corpus_tuner.indexes.arguments import is_utf8, path_of, texts_of
from corpus_tuner.indexes.encoders import (
    EncoderSettings,
    QueryEncoder,
    Vectors,
    open_query_encoder,
)
from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.languages import Languages
from corpus_tuner.indexes.lexical import (
    LexicalIndex,
    LexicalRanker,
    LexicalSettings,
    asked_terms,
)
from corpus_tuner.indexes.lexical.words import shared_words
from corpus_tuner.indexes.representations import Scores, stored_representation
from corpus_tuner.indexes.search.hits import Hit, hits_of
from corpus_tuner.indexes.search.plan import Options, Plan, make_plan
from corpus_tuner.indexes.search.pool import Found, Opened, Pool, draw
from corpus_tuner.indexes.search.settings import SearchSettings, shares
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.store.fields import Fields
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest, verify
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.scoring import DenseIndex

MAX_QUERY_CHARACTERS = 100_000
_QUERIES_AT_ONCE = 256
_SMALL = 2**20  # bytes of a file whose checksum is compared whenever an index is opened
_TRIES = 20  # to open an index that is built again and again meanwhile
_Read = TypeVar("_Read")


class _Generation(NamedTuple):
    """An index as it was when it was opened: a search that has begun stays with it."""

    manifest: Manifest
    opened: Opened
    lexical: LexicalIndex | None


class Searcher:
    """An open index.

    Open one with `Searcher.open`; close it, or use it as a context manager. Several threads may
    search at once. A process that was forked since must open the index anew: threads of the encoder
    do not come along, and a search would wait for them for ever.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> with ct.Searcher.open(example_index) as searcher:
    ...     [hit.document.id for hit in searcher.search("the old water mill", k=1)]
    ['mill']
    """

    def __init__(
        self, path: Path, generation: _Generation, encoder: QueryEncoder, representation: str
    ) -> None:
        self.path = path
        self.representation = representation
        self.encoder = encoder
        self._generation = generation
        self._process = os.getpid()

    @property
    def manifest(self) -> Manifest:
        """What the index says of itself."""
        return self._generation.manifest

    @property
    def segments(self) -> Segments:
        """Its documents."""
        return self._generation.opened.segments

    @property
    def fields(self) -> Fields:
        """What filters can name, as `Segments.fields` has it: types and counts of documents.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     searcher.fields["id"]
        Field(documents=3, types={'text': 3})
        """
        return self.segments.fields

    @property
    def dense(self) -> DenseIndex:
        """Their vectors."""
        return self._generation.opened.dense

    @property
    def lexical(self) -> LexicalIndex | None:
        """Its words and n-grams; ``None`` if it has none."""
        return self._generation.lexical

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        encoder: QueryEncoder | None = None,
        representation: str | None = None,
        checksums: bool = False,
        trust_remote_code: bool = False,
    ) -> "Searcher":
        """Open an index for searching.

        Parameters
        ----------
        path
            The folder of the index.
        encoder
            An open encoder, to share one between indexes; by default the one that the index was
            built with is opened.
        representation
            One that is stored, such as ``passage`` (the encoder alone); by default the one that was
            configured.
        checksums
            Read all the files and compare their checksums first.
        trust_remote_code
            Let the encoder run Python that comes with it. An index cannot ask for this itself.

        Raises
        ------
        SearchIndexError
            If the index is unfinished, damaged or of another version, or the encoder is not the
            one it was built with.
        """
        index = path_of(path, "path")
        manifest = _steadily(index, lambda: read_manifest(index))
        if checksums:
            verify(index, manifest.segments)
        chosen = representation or manifest.representation
        known = sorted(manifest.representations)
        if chosen not in known:
            raise SearchIndexError(
                f"{index} has no representation {chosen!r}; it has: {', '.join(known)}"
            )
        if encoder is None:
            settings = manifest.encoder.settings | {"trust_remote_code": trust_remote_code}
            encoder = open_query_encoder(
                EncoderSettings.model_validate(settings), manifest.encoder.fingerprint
            )
        generation = _open(index, chosen)  # it may have changed while the encoder loaded
        wanted = generation.manifest.encoder.fingerprint
        if encoder.fingerprint != wanted:
            generation.opened.segments.close()
            raise SearchIndexError(
                f"{index} was built with another encoder than {encoder.name!r} as it is now "
                f"(fingerprint {wanted[:12]}, not {encoder.fingerprint[:12]}): open it with that "
                "one, or build it again"
            )
        return cls(index, generation, encoder, chosen)

    def refresh(self) -> bool:
        """Open the index anew if it was changed since; tell whether it was.

        Searches that have begun end with the index that they began with.

        Raises
        ------
        SearchIndexError
            If the new index cannot be opened with this encoder; the old one stays open.
        """
        if _steadily(self.path, lambda: read_manifest(self.path)) == self._current().manifest:
            return False
        generation = _open(self.path, self.representation)
        if generation.manifest == self.manifest:
            return False
        if generation.manifest.encoder.fingerprint != self.encoder.fingerprint:
            raise SearchIndexError(
                f"{self.path} was built again with another encoder: open it anew"
            )
        self._generation = generation
        return True

    @overload
    def search(  # type: ignore[overload-overlap]
        self, queries: str, k: int = 10, **options: Unpack[Options]
    ) -> list[Hit]: ...

    @overload
    def search(
        self, queries: Sequence[str], k: int = 10, **options: Unpack[Options]
    ) -> list[list[Hit]]: ...

    def search(
        self, queries: str | Sequence[str], k: int = 10, **options: Unpack[Options]
    ) -> list[Hit] | list[list[Hit]]:
        """Find the `k` best documents for a query, or for each of several.

        Parameters
        ----------
        queries
            One text or several.
        k
            How many documents.
        **options
            ``mode``, ``settings``, ``filter`` and ``min_score``, as
            `corpus_tuner.indexes.search.plan.Options` has them.

        Raises
        ------
        SearchIndexError
            If `k` is less than 1, a query is empty or longer than `MAX_QUERY_CHARACTERS`, the
            index cannot be searched in this mode, the filter is none or asks for a field or a
            type that there is not, the searcher is closed, or it was opened before a fork.
        """
        several = texts_of(queries, "queries")
        generation = self._current()
        plan = make_plan(generation.manifest, self.representation, k, **options)
        pools = self._pools(generation, several, plan)
        found = [
            hits_of(pool.best(plan), partial(_by_words, generation, plan, query))
            for query, pool in zip(several, pools, strict=True)
        ]
        return found[0] if isinstance(queries, str) else found

    def rank(
        self, queries: Sequence[str], k: int = 100, **options: Unpack[Options]
    ) -> Iterator[list[tuple[str, float]]]:
        """Yield only the ids and scores of the `k` best documents per query: a run.

        Parameters, and errors raised, are those of `search`.
        """
        generation = self._current()
        plan = make_plan(generation.manifest, self.representation, k, **options)
        pools = self._pools(generation, queries, plan)

        def ranking(found: Found) -> list[tuple[str, float]]:
            return list(zip(found.ids, found.scores, strict=True))

        return (ranking(pool.best(plan)) for pool in pools)

    def pools(
        self, queries: Sequence[str], k: int = 100, settings: SearchSettings | None = None
    ) -> Iterator[Pool]:
        """Yield every query's pool, drawn and scored by all rankers whatever their weights.

        Parameters, and errors raised, are those of `search`.
        """
        generation = self._current()
        manifest = generation.manifest
        settings = settings or manifest.search
        plan = make_plan(manifest, self.representation, k, "hybrid", settings)
        lexical = manifest.lexical.rankers if manifest.lexical else ()
        dense = {"passage": 1 - plan.views, "views": plan.views}
        every = shares({**dense, **dict.fromkeys(lexical, 1.0)})
        return self._pools(generation, queries, replace(plan, weights=every))

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        segments = self._current().opened.segments
        found = segments.find([id_])
        if not found:
            return None
        ordinal, _ = found[id_]
        return segments.document(ordinal), segments.views(ordinal)

    def shared_words(self, query: str, text: str) -> list[str]:
        """Return the words of a text, as they stand in it, that count as words of the query."""
        lexical = self.manifest.lexical or LexicalSettings()
        asked = asked_terms("words", query, lexical)
        return shared_words(asked, text, Languages(lexical.languages).of_text(text))

    def close(self) -> None:
        """Close the files; the searcher is of no use afterwards."""
        self.segments.close()

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _current(self) -> _Generation:
        """Return the index as it is now, in the process that opened it."""
        if os.getpid() != self._process:
            raise SearchIndexError(
                f"{self.path} was opened before this process was forked: open the index in the "
                "child process"
            )
        return self._generation

    def _pools(self, generation: _Generation, queries: Sequence[str], plan: Plan) -> Iterator[Pool]:
        """Check the queries, then yield the pool of each."""
        _check(queries)
        return self._drawn(generation, queries, plan)

    def _drawn(self, generation: _Generation, queries: Sequence[str], plan: Plan) -> Iterator[Pool]:
        opened = generation.opened
        only = opened.segments.matching(plan.condition) if plan.condition is not None else None
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            batch = queries[start : start + _QUERIES_AT_ONCE]
            lexical: list[dict[str, Scores]] = [
                {name: _lexical(generation, name, query, plan, only) for name in plan.lexical}
                for query in batch
            ]
            if not plan.dense:
                yield from (draw(opened, plan, None, None, scores) for scores in lexical)
                continue
            vectors: Vectors = self.encoder.encode_queries(batch)
            nearest = opened.dense.top_documents(vectors, plan.size, plan.views, only)
            for vector, scores, near in zip(vectors, lexical, nearest, strict=True):
                yield draw(opened, plan, vector, near, scores)


def _lexical(
    generation: _Generation, ranker: LexicalRanker, query: str, plan: Plan, only: Ordinals | None
) -> Scores:
    """Return the scores of all documents by a lexical ranker, 0 for what may not be found."""
    assert generation.lexical
    found = generation.lexical.scores(ranker, query, getattr(plan.settings, ranker))
    if only is None:
        return found
    kept = np.zeros(len(found))
    kept[only] = found[only]
    return kept


def _by_words(generation: _Generation, plan: Plan, query: str, texts: Sequence[str]) -> Scores:
    """Return the scores of texts by the first lexical ranker that has a say."""
    assert generation.lexical
    ranker, *_ = plan.lexical
    return generation.lexical.score_texts(ranker, query, texts, getattr(plan.settings, ranker))


def _open(index: Path, representation: str) -> _Generation:
    """Open the index as it is now."""

    def open_() -> _Generation:
        manifest = read_manifest(index)
        if representation not in manifest.representations:
            raise SearchIndexError(
                f"{index} was built again without the representation {representation!r}"
            )
        verify(index, manifest.segments, most=_SMALL)
        how = stored_representation(manifest.representations[representation])
        segments = Segments.of(index, manifest)
        try:
            engine = manifest.engine_of(representation)
            dense = segments.dense(how, manifest.encoder.dimension, engine)
            lexical = None
            if manifest.lexical:
                lexical = LexicalIndex(segments.folders, manifest.lexical, segments.alive)
        except BaseException:
            segments.close()
            raise
        return _Generation(manifest, Opened(segments, dense), lexical)

    return _steadily(index, open_)


def _steadily(index: Path, read: Callable[[], _Read]) -> _Read:
    """Read an index; again, if it failed and there was a commit meanwhile.

    A commit takes away what it replaces. Whoever has just read the manifest that named it must read
    the new one.
    """
    for _ in range(_TRIES):
        before = _manifest_bytes(index)
        try:
            return read()
        except SearchIndexError:
            if _manifest_bytes(index) == before:
                raise
    raise SearchIndexError(f"{index} is built again all the time: try later")


def _manifest_bytes(index: Path) -> bytes:
    try:
        return Layout(index).manifest.read_bytes()
    except OSError:
        return b""


def _check(queries: Sequence[str]) -> None:
    if isinstance(queries, str):
        raise SearchIndexError("a run is of several queries: give a list")
    texts_of(queries, "queries")
    for number, query in enumerate(queries, start=1):
        which = f"query {number}" if len(queries) > 1 else "the query"
        if not is_utf8(query):
            raise SearchIndexError(f"{which} is not UTF-8")
        if not query.strip():
            raise SearchIndexError(f"{which} is empty")
        if len(query) > MAX_QUERY_CHARACTERS:
            raise SearchIndexError(
                f"{which} has {len(query)} characters; at most {MAX_QUERY_CHARACTERS} are read"
            )
