"""Search an index: queries in, hits out."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, overload
from warnings import warn

from corpus_tuner.core.arguments import check_argument_names, check_texts, is_utf8
from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.fields import Fields
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import (
    EncoderSettings,
    QueryEncoder,
    Vectors,
    open_query_encoder,
)
from corpus_tuner.errors import CorpusTunerWarning, SearchIndexError, named
from corpus_tuner.indexes.filters import Condition, Filter, parse_filters
from corpus_tuner.indexes.lexical import LexicalIndex, LexicalSettings, extract_query_terms
from corpus_tuner.indexes.lexical.matches import find_shared_words
from corpus_tuner.indexes.open_index import locate_index
from corpus_tuner.indexes.representations import Scores
from corpus_tuner.indexes.search.backend import Index, Source
from corpus_tuner.indexes.search.candidates import Found, Pool, pool_of
from corpus_tuner.indexes.search.hits import Hits, fetch_hits
from corpus_tuner.indexes.search.local_index import LocalIndex
from corpus_tuner.indexes.search.plan import Plan, make_plan
from corpus_tuner.indexes.search.unreadable_queries import drop_dense_scores, is_readable
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import Mode, SearchSettings, normalize_weights
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors.scoring import DenseIndex

MAX_QUERY_CHARACTERS = 100_000
_QUERIES_AT_ONCE = 256


class _Generation(NamedTuple):
    """An index as it was when it was opened: a search that has begun stays with it."""

    manifest: Manifest
    opened: Index


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
        self, source: Source, generation: _Generation, encoder: QueryEncoder, representation: str
    ) -> None:
        self.source = source
        self.representation = representation
        self.encoder = encoder
        self._generation = generation
        self._process = os.getpid()

    @property
    def manifest(self) -> Manifest:
        """What the index says of itself."""
        return self._generation.manifest

    @property
    def local(self) -> LocalIndex:
        """The index, where it is on this disk.

        Raises
        ------
        SearchIndexError
            If it is elsewhere.
        """
        index = self._generation.opened
        if not isinstance(index, LocalIndex):
            raise SearchIndexError(
                f"{self.source} can be searched; for all else give the folder that it was exported "
                "from"
            )
        return index

    @property
    def segments(self) -> Segments:
        """Its documents."""
        return self.local.segments

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
        return self._generation.opened.fields

    @property
    def dense(self) -> DenseIndex:
        """Their vectors."""
        return self.local.dense

    @property
    def lexical(self) -> LexicalIndex | None:
        """Its words and n-grams; ``None`` if it has none."""
        return self.local.lexical

    @classmethod
    def open(
        cls,
        path: str | Path | Source,
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
        source = locate_index(path)
        try:
            return cls._opened(source, encoder, representation, checksums, trust_remote_code)
        except BaseException:
            source.close()
            raise

    @classmethod
    def _opened(
        cls,
        source: Source,
        encoder: QueryEncoder | None,
        representation: str | None,
        checksums: bool,
        trust_remote_code: bool,
    ) -> "Searcher":
        """Open an index; see `open`."""
        manifest = source.manifest()
        if checksums:
            source.verify()
        chosen = representation or manifest.representation
        known = sorted(manifest.representations)
        if chosen not in known:
            raise SearchIndexError(
                f"{source} has no representation {chosen!r}; it has: {', '.join(known)}"
            )
        if encoder is None:
            settings = manifest.encoder.settings | {"trust_remote_code": trust_remote_code}
            encoder = open_query_encoder(
                EncoderSettings.model_validate(settings), manifest.encoder.fingerprint
            )
        generation = _Generation(*source.open(chosen))  # it may have changed meanwhile
        wanted = generation.manifest.encoder.fingerprint
        if encoder.fingerprint != wanted:
            generation.opened.close()
            raise SearchIndexError(
                f"{source} was built with another encoder than {encoder.name!r} as it is now "
                f"(fingerprint {wanted[:12]}, not {encoder.fingerprint[:12]}): open it with that "
                "one, or build it again"
            )
        return cls(source, generation, encoder, chosen)

    def refresh(self) -> bool:
        """Open the index anew if it was changed since; tell whether it was.

        Searches that have begun end with the index that they began with.

        Raises
        ------
        SearchIndexError
            If the new index cannot be opened with this encoder; the old one stays open.
        """
        if self.source.manifest() == self._current().manifest:
            return False
        generation = _Generation(*self.source.open(self.representation))
        if generation.manifest == self.manifest:
            return False
        if generation.manifest.encoder.fingerprint != self.encoder.fingerprint:
            raise SearchIndexError(
                f"{self.source} was built again with another encoder: open it anew"
            )
        self._generation = generation
        return True

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
    ) -> Hits | list[Hits]:
        """Find the `k` best documents for a query, or for each of several.

        Parameters
        ----------
        queries
            One text or several.
        k
            How many documents.
        mode
            ``dense``: by vectors; ``lexical``: by words and character n-grams, only documents that
            share one with the query; ``hybrid``: by both. By default what the weights of the index
            say, and ``dense`` where another representation than the configured one is open.
        settings
            Weights and fusion; by default those of the index.
        filter
            Which documents may be found, by metadata and ids: a dictionary or a text such as
            ``year>=2020 AND language=de`` (`corpus_tuner.indexes.filters`). It is applied
            before ranking, so `k` documents are returned where `k` pass it.
        min_probability
            Less probable hits are left out (`Hit.probability`), from 0 to 1. Where hits have no
            probability all are returned, with a `CorpusTunerWarning`.

        Raises
        ------
        SearchIndexError
            If `k` is less than 1, a query is empty or longer than `MAX_QUERY_CHARACTERS`, the
            index cannot be searched in this mode, the filter is not one or asks for a field or a
            type that there is not, the searcher is closed, or it was opened before a fork.
        """
        several = check_texts(queries, "queries")
        generation = self._current()
        plan = self._plan(generation, k, mode, settings, filter, min_probability)
        pools = self._pools(generation, several, plan)
        found = [
            Hits(fetch_hits(pool.best(plan), partial(_by_words, generation, plan, query)))
            for query, pool in zip(several, pools, strict=True)
        ]
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

        Parameters, and errors raised, are those of `search`.
        """
        generation = self._current()
        plan = self._plan(generation, k, mode, settings, filter, min_probability)
        if not min_probability:
            plan = replace(plan, temperature=None)
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
        every = normalize_weights({**dense, **dict.fromkeys(lexical, 1.0)})
        return self._pools(generation, queries, replace(plan, weights=every))

    def __len__(self) -> int:
        """Return how many documents the index has."""
        return self.manifest.documents

    def __bool__(self) -> bool:
        return True  # also of an index without documents

    def __repr__(self) -> str:
        return f"Searcher({str(self.source)!r}, {len(self):,} documents)"

    def documents(self) -> Iterator[Document]:
        """Yield all documents of the index; memory does not grow with their number.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     sorted(document.id for document in searcher.documents())
        ['bread', 'court', 'mill']
        """
        return self._current().opened.documents()

    def get(self, id: str) -> Document | None:
        """Return a document; ``None`` if there is none of that id, as `dict.get` does.

        Examples
        --------
        >>> import corpus_tuner as ct
        >>> with ct.Searcher.open(example_index) as searcher:
        ...     searcher.get("bread").title, searcher.get("cake")
        ('Bread', None)
        """
        found = self.document(id)
        return found[0] if found else None

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        return self._current().opened.document(id_)

    def find_shared_words(self, query: str, text: str) -> list[str]:
        """Return the words of a text, as they stand in it, that count as words of the query."""
        lexical = self.manifest.lexical or LexicalSettings()
        asked = extract_query_terms("words", query, lexical)
        return find_shared_words(asked, text, Languages(lexical.languages).detect_text(text))

    def close(self) -> None:
        """Close the files; the searcher is of no use afterwards."""
        self._generation.opened.close()

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
                f"{self.source} was opened before this process was forked: open the index in the "
                "child process"
            )
        return self._generation

    def _plan(
        self,
        generation: _Generation,
        k: int,
        mode: Mode | None,
        settings: SearchSettings | None,
        filter: Filter | Condition | str | None,
        min_probability: float,
    ) -> Plan:
        """Decide how `search` and `rank` search."""
        if isinstance(filter, str):
            filter = parse_filters([filter], generation.opened.fields)
        plan = make_plan(
            generation.manifest, self.representation, k, mode, settings, filter, min_probability
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

    def _pools(self, generation: _Generation, queries: Sequence[str], plan: Plan) -> Iterator[Pool]:
        """Check the queries, then yield the pool of each."""
        _check(queries)
        return self._drawn(generation, queries, plan)

    def _drawn(self, generation: _Generation, queries: Sequence[str], plan: Plan) -> Iterator[Pool]:
        index = generation.opened
        unfiltered = None
        if plan.condition is not None and plan.temperature is not None:
            unfiltered = replace(plan, k=1, condition=None)
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            batch = queries[start : start + _QUERIES_AT_ONCE]
            vectors: Vectors | None = self.encoder.encode_queries(batch) if plan.dense else None
            pools = self._draw(index, plan, batch, vectors)
            if unfiltered:
                every = self._draw(index, unfiltered, batch, vectors)
                pools = map(_with_unfiltered, pools, every)
            yield from pools

    def _draw(
        self, index: Index, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Pool]:
        """Yield the pool of every query."""
        own = [None] * len(queries) if vectors is None else vectors
        drawn = index.draw(plan, queries, vectors)
        for query, vector, found in zip(queries, own, drawn, strict=True):
            legible = not plan.fused or is_readable(query, self.encoder.name)
            yield pool_of(index, plan, vector, found if legible else drop_dense_scores(found))


def _with_unfiltered(pool: Pool, unfiltered: Pool) -> Pool:
    return replace(pool, unfiltered=unfiltered)


def _by_words(generation: _Generation, plan: Plan, query: str, texts: Sequence[str]) -> Scores:
    """Return the scores of texts by the first lexical ranker that has a say."""
    ranker, *_ = plan.lexical
    return generation.opened.score_texts(ranker, query, texts, getattr(plan.settings, ranker))


def _check(queries: Sequence[str]) -> None:
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
