"""Search an index: queries in, hits out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, overload

from indexes.documents import Document, View
from indexes.encoders import Encoder, EncoderSettings, open_encoder
from indexes.errors import SearchIndexError
from indexes.segment import Segment
from indexes.storage import Manifest, read_manifest, segment_folder, verify

MAX_QUERY_CHARACTERS = 100_000
_QUERIES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found.

    Attributes
    ----------
    document
        What was found.
    rank
        From 1.
    score
        Cosine of query and representation; among equal scores the smaller document id leads.
    view
        The view that matched: of several passages, the best one.
    """

    document: Document
    rank: int
    score: float
    view: View


class _Candidate(NamedTuple):
    """A document that may become a hit; `document` and `view` are ordinals in its segment."""

    id: str
    score: float
    segment: Segment
    document: int
    view: int


class Searcher:
    """An open index.

    Open one with `Searcher.open`; close it, or use it as a context manager. Several threads may
    search at once.
    """

    def __init__(
        self, manifest: Manifest, segments: Sequence[Segment], encoder: Encoder, representation: str
    ) -> None:
        self.manifest = manifest
        self.representation = representation
        self.encoder = encoder
        self._segments = segments

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        encoder: Encoder | None = None,
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
            ``passage`` (the encoder alone) or the one that was configured, which is the default.
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
        known = sorted(manifest.segments[0].rows)
        if chosen not in known:
            raise SearchIndexError(
                f"{index} has no representation {chosen!r}; it has: {', '.join(known)}"
            )
        if encoder is None:
            settings = manifest.encoder.settings | {"trust_remote_code": trust_remote_code}
            encoder = open_encoder(EncoderSettings.model_validate(settings))
            manifest = read_manifest(index)  # it may have been built again while we loaded
        if encoder.fingerprint != manifest.encoder.fingerprint:
            raise SearchIndexError(
                f"{index} was built with another encoder than {encoder.name!r} as it is now "
                f"(fingerprint {manifest.encoder.fingerprint[:12]}, not "
                f"{encoder.fingerprint[:12]}): open it with that one, or build it again"
            )
        segments = [
            Segment(segment_folder(index, entry.name), entry, chosen, encoder.dimension)
            for entry in manifest.segments
        ]
        return cls(manifest, segments, encoder, chosen)

    @overload
    def search(self, queries: str, k: int = 10) -> list[Hit]: ...  # type: ignore[overload-overlap]

    @overload
    def search(self, queries: Sequence[str], k: int = 10) -> list[list[Hit]]: ...

    def search(self, queries: str | Sequence[str], k: int = 10) -> list[Hit] | list[list[Hit]]:
        """Find the `k` best documents for a query, or for each of several.

        Raises
        ------
        SearchIndexError
            If `k` is less than 1, or a query is empty or longer than `MAX_QUERY_CHARACTERS`.
        """
        if isinstance(queries, str):
            return self.search([queries], k)[0]
        _check(queries, k)
        return [
            [
                Hit(
                    each.segment.document(each.document),
                    rank,
                    each.score,
                    each.segment.view(each.view),
                )
                for rank, each in enumerate(best, start=1)
            ]
            for batch in _batches(queries)
            for best in self._best(batch, k)
        ]

    def rank(self, queries: Sequence[str], k: int = 100) -> list[list[tuple[str, float]]]:
        """Find only the ids and scores of the `k` best documents for each query: a run.

        Raises
        ------
        SearchIndexError
            As `search` does.
        """
        _check(queries, k)
        return [
            [(each.id, each.score) for each in best]
            for batch in _batches(queries)
            for best in self._best(batch, k)
        ]

    def close(self) -> None:
        """Close the files; the searcher is of no use afterwards."""
        for segment in self._segments:
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

    def _best(self, queries: Sequence[str], k: int) -> list[list[_Candidate]]:
        """Return the best documents for each query, in order."""
        vectors = self.encoder.encode_queries(queries)
        best: list[list[_Candidate]] = [[] for _ in queries]
        for segment in self._segments:
            found = segment.dense.top_documents(vectors, k)
            ids = segment.ids({document for hits in found for document, _, _ in hits})
            for candidates, hits in zip(best, found, strict=True):
                candidates.extend(
                    _Candidate(ids[document], score, segment, document, view)
                    for document, view, score in hits
                )
        return [
            sorted(candidates, key=lambda each: (-each.score, each.id))[:k] for candidates in best
        ]


def _check(queries: Sequence[str], k: int) -> None:
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


def _batches(queries: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        yield queries[start : start + _QUERIES_AT_ONCE]
