"""Search an index: queries in, hits out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar, get_args, overload

from rich.console import Console
from rich.progress import track

from indexes.dense import Ordinals, first
from indexes.documents import Document, View
from indexes.encoders import EncoderSettings, QueryEncoder, Vectors, open_query_encoder
from indexes.errors import SearchIndexError
from indexes.filters import Filter, as_sql
from indexes.fusion import Mode, SearchSettings
from indexes.hits import Found, Hit, hits_of
from indexes.pool import Pool, draw
from indexes.segment import Segment
from indexes.storage import Manifest, read_manifest, segment_folder, verify
from indexes.words import shared_words

MAX_QUERY_CHARACTERS = 100_000
_QUERIES_AT_ONCE = 256
_Item = TypeVar("_Item")


class _Opened(NamedTuple):
    """An index as it was when it was opened: a search that has begun stays with it."""

    manifest: Manifest
    segments: Sequence[Segment]


class Searcher:
    """An open index.

    Open one with `Searcher.open`; close it, or use it as a context manager. Several threads may
    search at once.
    """

    def __init__(
        self, path: Path, opened: _Opened, encoder: QueryEncoder, representation: str
    ) -> None:
        self.path = path
        self.representation = representation
        self.encoder = encoder
        self._opened = opened

    @property
    def manifest(self) -> Manifest:
        """What the index says of itself."""
        return self._opened.manifest

    @property
    def segments(self) -> Sequence[Segment]:
        """Its parts."""
        return self._opened.segments

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
        index = Path(path)
        manifest = read_manifest(index)
        if checksums:
            verify(index, manifest)
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
            manifest = read_manifest(index)  # it may have been built again while we loaded
        if encoder.fingerprint != manifest.encoder.fingerprint:
            raise SearchIndexError(
                f"{index} was built with another encoder than {encoder.name!r} as it is now "
                f"(fingerprint {manifest.encoder.fingerprint[:12]}, not "
                f"{encoder.fingerprint[:12]}): open it with that one, or build it again"
            )
        return cls(index, _open(index, manifest, chosen), encoder, chosen)

    def refresh(self) -> bool:
        """Open the index anew if it was built or calibrated again since; tell whether it was.

        Searches that have begun end with the index that they began with.

        Raises
        ------
        SearchIndexError
            If the new index cannot be opened with this encoder; the old one stays open.
        """
        manifest = read_manifest(self.path)
        if manifest == self.manifest:
            return False
        if manifest.encoder.fingerprint != self.encoder.fingerprint:
            raise SearchIndexError(
                f"{self.path} was built again with another encoder: open it anew"
            )
        if self.representation not in manifest.representations:
            raise SearchIndexError(
                f"{self.path} was built again without the representation {self.representation!r}"
            )
        self._opened = _open(self.path, manifest, self.representation)
        return True

    @overload
    def search(  # type: ignore[overload-overlap]
        self,
        queries: str,
        k: int = 10,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | None = None,
        progress: bool = False,
    ) -> list[Hit]: ...

    @overload
    def search(
        self,
        queries: Sequence[str],
        k: int = 10,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | None = None,
        progress: bool = False,
    ) -> list[list[Hit]]: ...

    def search(
        self,
        queries: str | Sequence[str],
        k: int = 10,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | None = None,
        progress: bool = False,
    ) -> list[Hit] | list[list[Hit]]:
        """Find the `k` best documents for a query, or for each of several.

        Parameters
        ----------
        queries
            One text or several.
        k
            How many documents.
        mode
            ``dense``: by the vectors; ``lexical``: by the words, only documents that share one
            with the query; ``hybrid``: by both. By default whatever the index's weights ask for,
            and ``dense`` where another representation than the configured one is open.
        settings
            Weights and fusion; by default those of the index.
        filter
            Which documents may be found, by their metadata (`indexes.filters`). It is applied
            before ranking: where `k` documents pass it and can be found, `k` come back.
        progress
            Show a bar with the time left, on a terminal or in a notebook.

        Raises
        ------
        SearchIndexError
            If `k` is less than 1, a query is empty or longer than `MAX_QUERY_CHARACTERS`, the
            index has no words for this mode, or the filter is none.
        """
        if isinstance(queries, str):
            return self.search([queries], k, mode, settings, filter, progress)[0]
        opened = self._opened
        how, settings = self._how(opened.manifest, mode, settings)
        best = self._best(opened, queries, k, how, settings, filter)
        return [
            hits_of(opened.segments, found, how, settings)
            for found in _shown(best, len(queries), progress)
        ]

    def rank(
        self,
        queries: Sequence[str],
        k: int = 100,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | None = None,
        progress: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """Find only the ids and scores of the `k` best documents for each query: a run.

        Parameters, and errors raised, are those of `search`.
        """
        opened = self._opened
        how, settings = self._how(opened.manifest, mode, settings)
        best = self._best(opened, queries, k, how, settings, filter)
        return [
            list(zip(found.ids, found.scores, strict=True))
            for found in _shown(best, len(queries), progress)
        ]

    def pools(
        self, queries: Sequence[str], k: int = 100, settings: SearchSettings | None = None
    ) -> Iterator[tuple[Vectors, Pool]]:
        """Yield each query's vector, shape (dimension,), and its pool for hybrid search.

        Parameters, and errors raised, are those of `search`.
        """
        opened = self._opened
        settings = settings or opened.manifest.search
        for vector, pool in self._pools(opened, queries, k, "hybrid", settings):
            assert vector is not None
            yield vector, pool

    def nearest(self, vectors: Vectors, k: int) -> list[list[str]]:
        """Find the documents that are the best by vectors alone.

        Parameters
        ----------
        vectors
            Of queries, shape (queries, dimension).
        k
            How many documents for each.

        Returns
        -------
        list of list of str
            Their ids, best first.
        """
        settings = self.manifest.search
        weight = settings.views_in("dense")
        tops = [each.dense.top_documents(vectors, k, weight) for each in self.segments]
        pools = (
            draw(self.segments, None, vector, near, k, k, weight, [None] * len(self.segments))
            for vector, *near in zip(vectors, *tops, strict=True)
        )
        return [_first(self.segments, None, pool, k, "dense", settings).ids for pool in pools]

    def ids(self, pool: Pool) -> list[str]:
        """Return the ids of a pool's documents."""
        return _ids(self.segments, pool)

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        for segment in self.segments:
            ordinal = segment.find(id_)
            if ordinal is not None:
                return segment.document(ordinal), list(segment.views(ordinal).values())
        return None

    def shared_words(self, query: str, text: str) -> list[str]:
        """Return the words of a text, as they stand in it, that count as words of the query."""
        return shared_words(query, text, (self.manifest.lexical or {}).get("language"))

    def close(self) -> None:
        """Close the files; the searcher is of no use afterwards."""
        for segment in self.segments:
            segment.close()

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _how(
        self, manifest: Manifest, mode: Mode | None, settings: SearchSettings | None
    ) -> tuple[Mode, SearchSettings]:
        """Return how to rank; a weight of nothing saves the work."""
        settings = settings or manifest.search
        if mode is not None and mode not in get_args(Mode):
            raise SearchIndexError(f"there is no mode {mode!r}: {', '.join(get_args(Mode))}")
        has_words = manifest.lexical is not None
        if mode in ("hybrid", "lexical") and not has_words:
            raise SearchIndexError(f"the index has no words to search in {mode} mode")
        if mode is None and self.representation != manifest.representation:
            mode = "dense"  # the weights are not meant for this one
        if mode is None or mode == "hybrid":
            weight = settings.words if has_words else 0
            mode = "dense" if weight == 0 else "lexical" if weight == 1 else "hybrid"
        return mode, settings

    def _best(
        self,
        opened: _Opened,
        queries: Sequence[str],
        k: int,
        mode: Mode,
        settings: SearchSettings,
        filter: Filter | None,
    ) -> Iterator[Found]:
        """Yield the `k` best documents for each query."""
        for vector, pool in self._pools(opened, queries, k, mode, settings, filter):
            yield _first(opened.segments, vector, pool, k, mode, settings)

    def _pools(
        self,
        opened: _Opened,
        queries: Sequence[str],
        k: int,
        mode: Mode,
        settings: SearchSettings,
        filter: Filter | None = None,
    ) -> Iterator[tuple[Vectors | None, Pool]]:
        """Yield each query's vector, and the documents that may be among its `k` best."""
        _check(queries, k)
        segments = opened.segments
        size = max(k, settings.pool) if mode == "hybrid" else k
        weight = settings.views_in(mode)
        none = [None] * len(segments)
        only: Sequence[Ordinals | None] = none
        if filter is not None:
            condition = as_sql(filter)
            only = [segment.matching(condition) for segment in segments]
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            batch = queries[start : start + _QUERIES_AT_ONCE]
            if mode == "lexical":
                for query in batch:
                    yield None, draw(segments, query, None, none, size, size, weight, only)
                continue
            vectors = self.encoder.encode_queries(batch)
            tops = [
                segment.dense.top_documents(vectors, size, weight, its_only)
                for segment, its_only in zip(segments, only, strict=True)
            ]
            for query, vector, *near in zip(batch, vectors, *tops, strict=True):
                words = query if mode == "hybrid" else None
                yield vector, draw(segments, words, vector, near, size, settings.pool, weight, only)


def _open(index: Path, manifest: Manifest, representation: str) -> _Opened:
    folders = (segment_folder(index, entry.name) for entry in manifest.segments)
    return _Opened(manifest, [Segment(folder, manifest, representation) for folder in folders])


def _ids(segments: Sequence[Segment], pool: Pool) -> list[str]:
    known = [
        segment.ids(pool.ordinals[pool.segments == number].tolist())
        for number, segment in enumerate(segments)
    ]
    places = zip(pool.segments.tolist(), pool.ordinals.tolist(), strict=True)
    return [known[number][ordinal] for number, ordinal in places]


def _first(
    segments: Sequence[Segment],
    vector: Vectors | None,
    pool: Pool,
    k: int,
    mode: Mode,
    settings: SearchSettings,
) -> Found:
    """Return the `k` best documents of a pool."""
    scores = pool.scores(settings, mode)
    some = first(scores, k)
    ids = _ids(segments, pool.at(some))
    order = sorted(range(len(ids)), key=lambda place: (-scores[some[place]], ids[place]))[:k]
    places = some[order]
    best = [ids[place] for place in order]
    return Found(best, scores[places].tolist(), places.tolist(), pool, vector)


def _shown(found: Iterator[_Item], total: int, progress: bool) -> Iterator[_Item]:
    """Show a bar while results are made, if that is wanted and there is where to show it."""
    if not progress or not (console := Console(stderr=True)).is_terminal:
        return found
    return iter(track(found, "searching", total, console=console, transient=True))


def _check(queries: Sequence[str], k: int) -> None:
    if isinstance(queries, str):
        raise SearchIndexError("a run is of several queries: give a list")
    if k < 1:
        raise SearchIndexError(f"k must be at least 1, not {k}")
    for place, query in enumerate(queries, start=1):
        which = f"query {place}" if len(queries) > 1 else "the query"
        if any("\ud800" <= character <= "\udfff" for character in query):
            raise SearchIndexError(f"{which} is not UTF-8")
        if not query.strip():
            raise SearchIndexError(f"{which} is empty")
        if len(query) > MAX_QUERY_CHARACTERS:
            raise SearchIndexError(
                f"{which} has {len(query)} characters; at most {MAX_QUERY_CHARACTERS} are read"
            )
