"""An index that was exported to Qdrant, searched as it would be on this disk.

Qdrant fills the lists: the documents whose passage is nearest, those with the nearest other view,
and those with the best words and n-grams; all of these it scores in full. What no list names has
been seen to be worse. What becomes of the scores is the same code for every index.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import Condition, resolve
from corpus_tuner.indexes.filters.fields import ID, Field, Fields, list_normal_forms
from corpus_tuner.indexes.lexical import (
    LexicalRanker,
    LexicalSettings,
    extract_query_terms,
    extract_terms,
)
from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.engine import (
    PASSAGE,
    VIEWS,
    Asked,
    Engine,
    Listed,
    Payload,
    QdrantFilter,
    Sparse,
    Stored,
    open_engine,
)
from corpus_tuner.indexes.qdrant.filters import as_filter
from corpus_tuner.indexes.qdrant.layout import FORMAT, MANIFEST, SHOWN, VERSION, number_of
from corpus_tuner.indexes.qdrant.terms import Ranker, checked, read_frequencies, read_keys
from corpus_tuner.indexes.representations import SCORE_DECIMALS, DenseScores, Scores
from corpus_tuner.indexes.search.backend import IndexSource, Match
from corpus_tuner.indexes.search.candidates import Candidates, find_top_matches
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import find_kth, find_top

_QUERIES_AT_ONCE = 16
_DEEPER = 2
"""A list is so many times as long as the pool is large; seldom must it be longer."""
_EPSILON = 1e-5
"""Qdrant's scores, float32, may differ by less than this from what they are."""
_FILTERS = 256  # that are remembered
_IDS = 2**16  # likewise
_DENSE = (PASSAGE, VIEWS)
_DOCUMENT = (ID, "title", "text", "metadata")
"""The keys of a payload that make a document."""


class State(NamedTuple):
    """What a collection says of itself.

    Attributes
    ----------
    manifest
        Of the index that it was made of; the one representation is that which was exported.
    fields
        What filters can name.
    statistics
        By lexical ranker.
    """

    manifest: Manifest
    fields: Fields
    statistics: Mapping[LexicalRanker, CollectionStatistics]


class QdrantIndex:
    """A collection, as `corpus_tuner.indexes.search.backend.Index` is asked.

    Parameters
    ----------
    engine
        Of the collection.
    state
        What it says of itself.
    rankers
        Its terms.
    """

    def __init__(
        self, engine: Engine, state: State, rankers: Mapping[LexicalRanker, Ranker]
    ) -> None:
        self._engine = engine
        self._fields = state.fields
        self._lexical = state.manifest.lexical or LexicalSettings()
        self._rankers = rankers
        self._filter = lru_cache(_FILTERS)(self._as_filter)
        self._ids: dict[int, str] = {}

    @property
    def fields(self) -> Fields:
        """What filters can name."""
        return self._fields

    def find_candidates(
        self, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query."""
        filter = None if plan.condition is None else self._filter(plan.condition)
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = slice(start, start + _QUERIES_AT_ONCE)
            lexical = [self._asked(query, plan) for query in queries[some]]
            asked = [
                {**(dict.fromkeys(_DENSE, vector) if vectors is not None else {}), **own}
                for own, vector in zip(
                    lexical, lexical if vectors is None else vectors[some], strict=True
                )
            ]
            own = [None] * len(lexical) if vectors is None else vectors[some]
            found = self._drawn(plan, asked, filter)
            for vector, (documents, scores) in zip(own, found, strict=True):
                yield Candidates.create(self, plan, vector, documents, scores)

    def read_ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""
        numbers: list[int] = documents.tolist()
        known = {number: self._ids[number] for number in numbers if number in self._ids}
        missing = [number for number in numbers if number not in known]
        if missing:
            found = self._read(missing, [ID])
            known |= {number: found[number].payload[ID] for number in missing}
            if len(self._ids) < _IDS:
                self._ids.update(known)
        return [known[number] for number in numbers]

    def compare_passages(self, documents: Ordinals, relevant: Ordinals) -> Scores:
        """Return the similarity of every document's passage to the mean passage of some of them."""
        numbers = documents[relevant].tolist()
        found = self._read(numbers, (), [PASSAGE])
        vectors = [found[number].vectors[PASSAGE][0] for number in numbers]
        mean = np.mean(np.array(vectors, np.float64), axis=0).astype(np.float32)
        (listed,) = self._engine.query([Asked(PASSAGE, mean, len(documents), among=documents)])
        return _aligned(documents, [listed])

    def read_matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return what is known of documents, in their order."""
        numbers = documents.tolist()
        found = self._read(numbers, SHOWN, () if vector is None else _DENSE)
        return [_match(found[number], vector) for number in numbers]

    def score_texts(
        self, ranker: LexicalRanker, query: str, texts: Sequence[str], how: BM25
    ) -> Scores:
        """Return what documents of these texts would score if each stood among the others."""
        asked = extract_query_terms(ranker, query, self._lexical)
        documents = extract_terms(ranker, texts, self._lexical)
        return checked(self._rankers, ranker, how).score(asked, documents)

    def read_document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        numbers = {number_of(spelling): spelling for spelling in list_normal_forms(id_)}
        found = self._engine.stored([*numbers], SHOWN)
        for number, spelling in numbers.items():
            if number in found and found[number].payload[ID] == spelling:
                return _document(found[number].payload), _views(found[number])
        return None

    def read_documents(self) -> Iterator[Document]:
        """Yield all documents, in the order of their numbers."""
        for _, payload in self._engine.scroll(_DOCUMENT):
            yield _document(payload)

    def close(self) -> None:
        """Close files and connections."""
        self._engine.close()

    def _as_filter(self, condition: Condition) -> QdrantFilter:
        return as_filter(resolve(condition, self._fields), self._engine.values)

    def _asked(self, query: str, plan: Plan) -> dict[str, Vectors | Sparse]:
        """Return the sparse vectors of a query, of those rankers that know a term of it."""
        vectors: dict[str, Vectors | Sparse] = {}
        for name in plan.lexical:
            ranker = checked(self._rankers, name, getattr(plan.settings, name))
            vector = ranker.query(extract_query_terms(name, query, self._lexical))
            if len(vector.indices):
                vectors[name] = vector
        return vectors

    def _drawn(
        self,
        plan: Plan,
        queries: Sequence[Mapping[str, Vectors | Sparse]],
        filter: QdrantFilter | None,
    ) -> list[tuple[Ordinals, dict[str, Scores]]]:
        """Return the documents that are looked at for some queries, given by their vectors."""
        found: dict[int, tuple[Ordinals, dict[str, Scores]]] = {}
        depth = _DEEPER * plan.depth
        while len(found) < len(queries):
            pending = [number for number in range(len(queries)) if number not in found]
            lists = self._listed(
                [
                    {
                        name: Asked(name, vector, depth, filter)
                        for name, vector in queries[n].items()
                    }
                    for n in pending
                ]
            )
            every = [_union(own) for own in lists]
            # What one list names, and another that goes on does not, has a score in that one, too.
            rest = self._listed(
                [
                    {
                        name: Asked(name, queries[n][name], len(missing), among=missing)
                        for name, listed in own.items()
                        if len(listed.numbers) == depth
                        and len(missing := np.setdiff1d(union, listed.numbers))
                    }
                    for n, own, union in zip(pending, lists, every, strict=True)
                ]
            )
            for number, own, more, union in zip(pending, lists, rest, every, strict=True):
                drawn = _settled(plan, union, own, more, depth)
                if drawn is not None:
                    found[number] = drawn
            depth *= 4
        return [found[number] for number in range(len(queries))]

    def _listed(self, asked: Sequence[Mapping[str, Asked]]) -> list[dict[str, Listed]]:
        """Return what was asked for, all at once."""
        answers = iter(self._engine.query([one for own in asked for one in own.values()]))
        return [{name: next(answers) for name in own} for own in asked]

    def _read(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, Stored]:
        """Read documents that were just found.

        Raises
        ------
        SearchIndexError
            If one has gone since.
        """
        found = self._engine.stored(numbers, keys, vectors)
        if len(found) < len({*numbers}):
            raise SearchIndexError("a document that was found is gone since: search again")
        return found


class QdrantSource(IndexSource):
    """The address of a collection.

    Parameters
    ----------
    address
        It.

    Raises
    ------
    SearchIndexError
        If there is nothing, or it cannot be opened.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        if address.kind != "server" and not Path(address.location).is_dir():
            raise self._none()
        self._engine = open_engine(address)

    def __str__(self) -> str:
        return str(self._address)

    def manifest(self) -> Manifest:
        """Return what the index says of itself now."""
        return self._state().manifest

    def open(self, representation: str) -> tuple[Manifest, QdrantIndex]:
        """Open the index as it is now."""
        state = self._state()
        if representation not in state.manifest.representations:
            raise SearchIndexError(
                f"{self} was exported again without the representation {representation!r}"
            )
        search = state.manifest.search
        rankers = {
            name: Ranker(
                read_keys(self._engine, name),
                read_frequencies(self._engine, name),
                statistics,
                getattr(search, name),
            )
            for name, statistics in state.statistics.items()
        }
        return state.manifest, QdrantIndex(self._engine, state, rankers)

    def verify(self) -> None:
        """Count the documents; Qdrant watches over its files itself."""
        wanted, found = self.manifest().documents, self._engine.count(ID)
        if found != wanted:
            raise SearchIndexError(
                f"{self} has {found:,} documents, and should have {wanted:,}: export it again"
            )

    def close(self) -> None:
        """Close files and connections."""
        self._engine.close()

    def _state(self) -> State:
        state = read_state(self._engine, str(self))
        if state is None:
            raise self._none()
        return state

    def _none(self) -> SearchIndexError:
        return SearchIndexError(
            f"{self} is not an index: export one there, to its end, with corpus-tuner index export"
        )


def read_state(engine: Engine, name: str) -> State | None:
    """Read what a collection says of itself; ``None`` where nothing was exported to its end.

    Raises
    ------
    SearchIndexError
        If another release wrote it.
    """
    if not engine.exists():
        return None
    found = engine.stored([MANIFEST], ["format", "version", "manifest", "fields", "statistics"])
    if MANIFEST not in found:
        return None
    payload = found[MANIFEST].payload
    if (payload["format"], payload["version"]) != (FORMAT, VERSION):
        raise SearchIndexError(
            f"{name} has format {payload['format']} {payload['version']}, and this release reads "
            f"{FORMAT} {VERSION}: export the index again, to another collection"
        )
    if "manifest" not in payload:
        return None
    return State(
        Manifest.model_validate(payload["manifest"]),
        {field: Field(*own) for field, own in payload["fields"].items()},
        {ranker: CollectionStatistics(*own) for ranker, own in payload["statistics"].items()},
    )


def _union(lists: Mapping[str, Listed]) -> Ordinals:
    """Return all documents of some lists, in ascending order."""
    return np.unique(
        np.concatenate([np.zeros(0, np.int64), *(own.numbers for own in lists.values())])
    )


def _aligned(documents: Ordinals, lists: Sequence[Listed]) -> Scores:
    """Return the scores of documents that lists have, 0 for those that are in none.

    Parameters
    ----------
    documents
        Theirs; whatever else lists have is left out.
    lists
        Of one ranker.
    """
    scores = np.zeros(len(documents))
    order = np.argsort(documents)
    for listed in lists:
        if len(listed.numbers):
            at = np.searchsorted(documents, listed.numbers, sorter=order)
            scores[order[at]] = listed.scores
    return scores


def _settled(
    plan: Plan,
    documents: Ordinals,
    lists: Mapping[str, Listed],
    more: Mapping[str, Listed],
    depth: int,
) -> tuple[Ordinals, dict[str, Scores]] | None:
    """Return the documents that are looked at, or nothing if lists must be longer to tell.

    Parameters
    ----------
    plan
        How the query is searched.
    documents
        All that lists name.
    lists
        By ranker.
    more
        The scores of those documents that a list does not have.
    depth
        How long a list is that may go on.
    """
    names = [*(_DENSE if plan.dense else ()), *plan.lexical]
    scores = {
        name: _aligned(documents, [every[name] for every in (lists, more) if name in every])
        for name in names
    }
    leading = [np.zeros(0, np.int64)]
    last = {
        name: float(own.scores[-1]) if len(own.numbers) == depth else -np.inf
        for name, own in lists.items()
    }
    for name in plan.lexical:
        own, end = scores[name], last.get(name, -np.inf)
        if np.isfinite(end) and end >= find_kth(own, plan.depth):
            return None
        leading.append(find_top_matches(own, plan.depth))
    if plan.dense:
        mixed = DenseScores(*(scores[name] for name in _DENSE)).combine(plan.views)
        unseen = (1 - plan.views) * last[PASSAGE] + plan.views * last[VIEWS]
        if np.isfinite(unseen) and unseen + _EPSILON >= find_kth(mixed, plan.depth):
            return None
        leading.append(find_top(mixed, plan.depth))
    kept = np.unique(np.concatenate(leading))
    return documents[kept], {name: own[kept] for name, own in scores.items()}


def _match(stored: Stored, vector: Vectors | None) -> Match:
    """Return what is known of a document that was found."""
    views = _views(stored)
    near: dict[int, float] = {}
    if vector is not None:
        rows = np.concatenate([stored.vectors[name] for name in _DENSE]).astype(np.float64)
        similarities = (rows @ vector.astype(np.float64)).round(SCORE_DECIMALS)
        # A document with one row has it twice.
        near = dict(zip(stored.payload["rows"], similarities.tolist(), strict=False))
    best = max(near, key=near.__getitem__) if near else stored.payload["rows"][0]
    windows = {at: view.text for at, view in enumerate(views) if view.kind == "passage"}
    return Match(_document(stored.payload), views[best], windows, near)


def _document(payload: Payload) -> Document:
    return Document(payload[ID], payload["title"], payload["text"], payload["metadata"])


def _views(stored: Stored) -> list[View]:
    return [View(stored.payload[ID], **view) for view in stored.payload["views"]]
