"""Search an index: queries in, hits out."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import NamedTuple, overload
from warnings import warn

from corpus_tuner.core.arguments import check_argument_names, check_texts, is_utf8
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import (
    EncoderSettings,
    QueryEncoder,
    Vectors,
    open_query_encoder,
)
from corpus_tuner.errors import CorpusTunerWarning, SearchIndexError, named
from corpus_tuner.indexes.filters import Condition, Filter, compile_filter, parse_filters
from corpus_tuner.indexes.filters.fields import Fields
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.bm25 import LexicalIndex
from corpus_tuner.indexes.lexical.matches import find_shared_words
from corpus_tuner.indexes.lexical.terms import extract_query_terms
from corpus_tuner.indexes.open_index import locate_index
from corpus_tuner.indexes.search.backend import Index, IndexSource
from corpus_tuner.indexes.search.candidates import Candidates, Ranking
from corpus_tuner.indexes.search.collapsing import rank_distinct
from corpus_tuner.indexes.search.hits import Hits, fetch_hits
from corpus_tuner.indexes.search.local_index import LocalIndex
from corpus_tuner.indexes.search.plan import Plan, make_plan
from corpus_tuner.indexes.search.reranking import Reranking
from corpus_tuner.indexes.search.unreadable_queries import is_readable
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import Mode, SearchSettings, normalize_weights
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors.dense_index import DenseIndex
from corpus_tuner.rerankers import Reranker, RerankerSettings

MAX_QUERY_CHARACTERS = 100_000
_QUERIES_AT_ONCE = 256
_DEEPEST = 4_000
"""Number of candidates from which no more are searched for, although most are near-duplicates."""


class _Snapshot(NamedTuple):
    """An index as it was when it was opened; a search that has begun keeps using it."""

    manifest: Manifest
    open_index: Index


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
        self, source: IndexSource, snapshot: _Snapshot, encoder: QueryEncoder, representation: str
    ) -> None:
        self.source = source
        self.representation = representation
        self.encoder = encoder
        self._snapshot = snapshot
        self._restricted = False
        self._process = os.getpid()
        self._rerankers: dict[RerankerSettings, Reranker] = {}
        self._opening = Lock()

    @property
    def manifest(self) -> Manifest:
        """Manifest of the index."""
        return self._snapshot.manifest

    @property
    def local(self) -> LocalIndex:
        """The index on this disk.

        Raises
        ------
        SearchIndexError
            If it is in Qdrant.
        """
        if not isinstance(self._snapshot.open_index, LocalIndex):
            raise SearchIndexError(
                f"{self.source} can be searched; for all else give the folder that it was exported "
                "from"
            )
        return self._snapshot.open_index

    @property
    def segments(self) -> Segments:
        """Documents of an index on this disk."""
        return self.local.segments

    @property
    def fields(self) -> Fields:
        """Metadata fields for filters: number of documents and types, by name.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     searcher.fields["id"]
        Field(documents=3, types={'text': 3})
        """
        return self._snapshot.open_index.fields

    @property
    def dense(self) -> DenseIndex:
        """Vectors of an index on this disk."""
        return self.local.dense

    @property
    def lexical(self) -> Mapping[LexicalRanker, LexicalIndex]:
        """Terms of an index on this disk, by lexical ranker."""
        return self.local.lexical

    @classmethod
    def open(
        cls,
        path: str | Path | IndexSource,
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
            The folder of the index, or the address of one that was exported to Qdrant
            (`corpus_tuner.indexes.qdrant.address`).
        encoder
            An open encoder, to share one between indexes; by default the one that the index was
            built with is opened.
        representation
            One that is stored, such as ``passage`` (only the encoder); by default the one that was
            configured.
        checksums
            Read all the files and compare their checksums first.
        trust_remote_code
            Let the encoder run Python that comes with it. An index cannot ask for this itself.

        Raises
        ------
        SearchIndexError
            If the index is not built to its end, damaged or of another version, or the encoder is
            not the one it was built with.
        """
        source = locate_index(path)
        with ExitStack() as stack:
            stack.callback(source.close)  # unless all goes well
            manifest = source.read_manifest()
            if checksums:
                source.verify()
            chosen = representation or manifest.representation
            if chosen not in manifest.representations:
                raise SearchIndexError(
                    f"{source} has no representation {chosen!r}; it has: "
                    f"{', '.join(sorted(manifest.representations))}"
                )
            if encoder is None:
                settings = manifest.encoder.settings | {"trust_remote_code": trust_remote_code}
                encoder = open_query_encoder(
                    EncoderSettings.model_validate(settings), manifest.encoder.fingerprint
                )
            snapshot = _Snapshot(*source.open(chosen))  # it may have changed meanwhile
            wanted = snapshot.manifest.encoder.fingerprint
            if encoder.fingerprint != wanted:
                snapshot.open_index.close()
                raise SearchIndexError(
                    f"{source} was built with another encoder than {encoder.name!r} as it is now "
                    f"(fingerprint {wanted[:12]}, not {encoder.fingerprint[:12]}): open it with "
                    "that one, or build it again"
                )
            stack.pop_all()
        return cls(source, snapshot, encoder, chosen)

    def refresh(self) -> bool:
        """Open the index anew if it was changed since; tell whether it was.

        Searches that have begun end with the index that they began with.

        Raises
        ------
        SearchIndexError
            If the new index cannot be opened with this encoder; the old one stays open.
        """
        if self._restricted:
            raise SearchIndexError(
                "a restricted searcher stays at its state of the index: refresh the searcher that "
                "it was made from, and restrict that again"
            )
        if self.source.read_manifest() == self._current().manifest:
            return False
        snapshot = _Snapshot(*self.source.open(self.representation))
        if snapshot.manifest == self.manifest:
            return False
        if snapshot.manifest.encoder.fingerprint != self.encoder.fingerprint:
            raise SearchIndexError(
                f"{self.source} was built again with another encoder: open it anew"
            )
        self._snapshot = snapshot
        return True

    def restrict(self, filter: Filter | Condition | str) -> "Searcher":
        """Return a searcher of the documents that pass a filter, as if there were no others.

        Unlike the filter of a search, it decides counts, fields, term statistics, probabilities and
        near-duplicates, too: everything is as in an index of only these documents that has the
        same encoder and weights. The new searcher uses the files of this one, and is closed with
        it; it stays at this state of the index (`refresh`).

        Raises
        ------
        SearchIndexError
            If the filter cannot be used, or the index is in Qdrant.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     restricted = searcher.restrict("id!=mill")
        ...     len(restricted), restricted.get("mill")
        (2, None)
        """
        manifest, index = self._current()
        if not isinstance(index, LocalIndex):
            index = self.local  # raises the error
        if isinstance(filter, str):
            filter = parse_filters([filter], index.fields)
        own = index.restrict(filter if isinstance(filter, Condition) else compile_filter(filter))
        entries = own.segments.restrict_entries(manifest.segments)
        manifest = manifest.model_copy(update={"segments": entries})
        main = next(iter(manifest.languages), "")
        build = manifest.build.model_copy(update={"language": main})
        restricted = copy(self)
        restricted._snapshot = _Snapshot(manifest.model_copy(update={"build": build}), own)
        restricted._restricted = True
        return restricted

    @overload
    def search(  # type: ignore[overload-overlap]
        self,
        queries: str,
        k: int = 10,
        *,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | Condition | str | None = None,
        min_probability: float = 0.0,
        collapse: bool = True,
    ) -> Hits: ...

    @overload
    def search(
        self,
        queries: Sequence[str],
        k: int = 10,
        *,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | Condition | str | None = None,
        min_probability: float = 0.0,
        collapse: bool = True,
    ) -> list[Hits]: ...

    @check_argument_names
    def search(
        self,
        queries: str | Sequence[str],
        k: int = 10,
        *,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | Condition | str | None = None,
        min_probability: float = 0.0,
        collapse: bool = True,
    ) -> Hits | list[Hits]:
        """Find the `k` best documents for a query, or for each of several.

        Parameters
        ----------
        queries
            One text or several.
        k
            Number of hits.
        mode
            ``dense``: vector similarity; ``lexical``: BM25 of words and character n-grams, only
            documents that share one with the query; ``hybrid``: both. By default ``hybrid``, and
            ``dense`` where another representation than the configured one is open.
        settings
            Weights and fusion; by default those of the index.
        filter
            Filter by metadata and ids: a dictionary or a text such as
            ``year>=2020 AND language=de`` (`corpus_tuner.indexes.filters`). It is applied
            before ranking, so `k` documents are returned where `k` pass it.
        min_probability
            Less probable hits are left out (`Hit.probability`), from 0 to 1. Where hits have no
            probability all are returned, with a `CorpusTunerWarning`.
        collapse
            Whether documents with nearly the same text are one hit, the best of them; their ids are
            in `Hit.similar`.

        Raises
        ------
        SearchIndexError
            If `k` is less than 1, a query is empty or longer than `MAX_QUERY_CHARACTERS`, the
            index cannot be searched in this mode, the filter is not one or asks for a field or a
            type that there is not, the searcher is closed, it was opened before a fork, or the
            reranker cannot be opened.
        """
        several = check_texts(queries, "queries")
        snapshot = self._current()
        plan = self._plan(snapshot, k, mode, settings, filter, min_probability)
        _check_queries(several)
        found = []
        every = self._find(snapshot.open_index, several, plan, limited=True)
        for query, candidates in zip(several, every, strict=True):
            if collapse:
                ranking = self._rank_distinct(snapshot, query, candidates, plan)
            else:
                ranking = candidates.rank(plan)
            found.append(fetch_hits(ranking, plan, query))
        return found[0] if isinstance(queries, str) else found

    @check_argument_names
    def rank(
        self,
        queries: Sequence[str],
        k: int = 100,
        *,
        mode: Mode | None = None,
        settings: SearchSettings | None = None,
        filter: Filter | Condition | str | None = None,
        min_probability: float = 0.0,
    ) -> Iterator[list[tuple[str, float]]]:
        """Yield only the ids and scores of the `k` best documents per query: a run.

        Parameters, and errors raised, are those of `search`. Near-duplicates are ranked by
        themselves. A reranker has no time limit, so that a run does not depend on the speed of the
        machine.
        """
        snapshot = self._current()
        plan = self._plan(snapshot, k, mode, settings, filter, min_probability)
        if not min_probability:
            plan = replace(plan, temperature=None)
        _check_queries(queries)
        rankings = (one.rank(plan) for one in self._find(snapshot.open_index, queries, plan))
        return (list(zip(one.ids, one.scores, strict=True)) for one in rankings)

    def find_candidates(
        self, queries: Sequence[str], k: int = 100, settings: SearchSettings | None = None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query, scored by all rankers whatever their weights.

        Parameters, and errors raised, are those of `search`.
        """
        snapshot = self._current()
        manifest = snapshot.manifest
        settings = settings or manifest.search
        plan = make_plan(manifest, self.representation, k, "hybrid", settings)
        lexical = manifest.lexical.rankers if manifest.lexical else ()
        dense = {"passage": 1 - plan.views, "views": plan.views}
        every = normalize_weights({**dense, **dict.fromkeys(lexical, 1.0)})
        _check_queries(queries)
        return self._find(snapshot.open_index, queries, replace(plan, weights=every))

    def __len__(self) -> int:
        """Return the number of documents."""
        return self.manifest.documents

    def __bool__(self) -> bool:
        return True  # also of an index without documents

    def __repr__(self) -> str:
        return f"Searcher({str(self.source)!r}, {format_count(len(self), 'document')})"

    def read_documents(self) -> Iterator[Document]:
        """Yield all documents of the index; memory does not grow with their number.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     sorted(document.id for document in searcher.read_documents())
        ['bread', 'court', 'mill']
        """
        return self._current().open_index.read_documents()

    def get(self, id: str) -> Document | None:
        """Return a document; ``None`` if there is none of that id, as `dict.get` does.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     searcher.get("bread").title, searcher.get("cake")
        ('Bread', None)
        """
        found = self.read_document(id)
        return found[0] if found else None

    def read_document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        return self._current().open_index.read_document(id_)

    def find_shared_words(self, query: str, text: str) -> list[str]:
        """Return the words of a text, as they stand in it, that count as words of the query."""
        lexical = self.manifest.lexical or LexicalSettings()
        terms = extract_query_terms("words", query, lexical)
        return find_shared_words(terms, text, Languages(lexical.languages).detect_text(text))

    def close(self) -> None:
        """Close the files; the searcher is of no use afterwards."""
        self._snapshot.open_index.close()

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _current(self) -> _Snapshot:
        """Return the index as it is now, in the process that opened it."""
        if os.getpid() != self._process:
            raise SearchIndexError(
                f"{self.source} was opened before this process was forked: open the index in the "
                "child process"
            )
        return self._snapshot

    def _plan(
        self,
        snapshot: _Snapshot,
        k: int,
        mode: Mode | None,
        settings: SearchSettings | None,
        filter: Filter | Condition | str | None,
        min_probability: float,
    ) -> Plan:
        """Make the plan of `search` and `rank`."""
        if isinstance(filter, str):
            filter = parse_filters([filter], snapshot.open_index.fields)
        plan = make_plan(
            snapshot.manifest, self.representation, k, mode, settings, filter, min_probability
        )
        if min_probability and plan.temperature is None:
            name = named("min_probability", "--min-probability")
            calibrate = named("corpus_tuner.calibrate", "corpus-tuner index calibrate")
            warn(
                f"{name} is ignored: hits have a probability only in hybrid search with the weights"
                f" of a calibrated index ({calibrate})",
                CorpusTunerWarning,
                stacklevel=4,  # the caller of `search`, which is decorated
            )
        return plan

    def _find(
        self, index: Index, queries: Sequence[str], plan: Plan, *, limited: bool = False
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query; a reranker has a time limit if `limited`."""
        unfiltered = None
        if plan.condition is not None and plan.temperature is not None:
            unfiltered = replace(plan, k=1, condition=None)
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            batch = queries[start : start + _QUERIES_AT_ONCE]
            vectors: Vectors | None = self.encoder.encode_queries(batch) if plan.dense else None
            filtered = self._find_readable(index, plan, batch, vectors)
            every: Iterable[Candidates | None] = repeat(None, len(batch))
            if unfiltered is not None:
                every = self._find_readable(index, unfiltered, batch, vectors)
            for query, candidates, others in zip(batch, filtered, every, strict=True):
                if settings := plan.settings.reranker:
                    reranking = Reranking(
                        self._open_reranker, settings, query, plan, limited=limited
                    )
                    candidates = replace(candidates, reranking=reranking)
                    others = others and replace(others, reranking=reranking)
                yield replace(candidates, unfiltered=others) if others else candidates

    def _rank_distinct(
        self, snapshot: _Snapshot, query: str, candidates: Candidates, plan: Plan
    ) -> Ranking:
        """Rank candidates without near-duplicates; more of them, if that leaves less than `k`."""
        ranking = rank_distinct(candidates, plan)
        depth, most = plan.depth, min(snapshot.manifest.documents, _DEEPEST)
        # With a least probability there may be less for another reason.
        while ranking.similar and len(ranking.ids) < plan.k and not plan.min_probability:
            if depth >= most:
                break
            depth *= 4
            deeper = replace(plan, k=depth, temperature=None)
            (more,) = self._find(snapshot.open_index, [query], deeper)
            candidates = replace(
                more, unfiltered=candidates.unfiltered, reranking=candidates.reranking
            )
            ranking = rank_distinct(candidates, plan)
        return ranking

    def _find_readable(
        self, index: Index, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query, without dense scores where it is not readable."""
        found = index.find_candidates(plan, queries, vectors)
        for query, candidates in zip(queries, found, strict=True):
            readable = not plan.fused or is_readable(query, self.encoder.name)
            yield candidates if readable else candidates.drop_dense_scores(plan)

    def _open_reranker(self, settings: RerankerSettings) -> Reranker:
        """Return a reranker, opened when first used."""
        with self._opening:
            if settings not in self._rerankers:
                self._rerankers[settings] = Reranker.open(settings)
            return self._rerankers[settings]


def _check_queries(queries: Sequence[str]) -> None:
    if isinstance(queries, str):
        raise SearchIndexError("a run is of several queries: give a list")
    check_texts(queries, "queries")
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
