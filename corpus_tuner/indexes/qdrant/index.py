"""Search of an index that was exported to Qdrant, with the rankings of the index itself.

Qdrant returns a list of the best documents by passage, by best view, and by every lexical ranker,
and then the scores that documents of one list lack in another. Lists are made longer until no
other document can be among the best. Fusion is the same code for every index.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import resolve
from corpus_tuner.indexes.filters.fields import ID, Field, Fields, list_normal_forms
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.collection import (
    PASSAGE,
    VIEWS,
    Collection,
    Payload,
    QdrantFilter,
    QueryRequest,
    ScoredPoints,
    SparseVector,
    StoredPoint,
    make_request,
)
from corpus_tuner.indexes.qdrant.filters import convert_filter
from corpus_tuner.indexes.qdrant.layout import (
    DOCUMENT,
    FORMAT,
    MANIFEST,
    SIGNATURE,
    VERSION,
    hash_text,
)
from corpus_tuner.indexes.qdrant.terms import Terms, read_terms
from corpus_tuner.indexes.representations import SCORE_DECIMALS, DenseScores, Scores
from corpus_tuner.indexes.search.backend import IndexSource, Match, average_best_passages
from corpus_tuner.indexes.search.candidates import Candidates, find_top_matches
from corpus_tuner.indexes.search.plan import Plan
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.indexes.vectors.dense_index import find_kth, find_top
from corpus_tuner.text.near_duplicates import SIGNATURE_BYTES, Signatures

_QUERIES_AT_ONCE = 16
_DEEPER = 2
"""Length of the lists in multiples of the wanted documents; longer ones are seldom needed."""
_EPSILON = 1e-5
"""Scores of Qdrant, float32, differ by less than this from the exact ones."""
_FILTERS = 256  # in the cache
_DOCUMENTS = 2**16  # in a cache
_DENSE = (PASSAGE, VIEWS)
_SHOWN = (*DOCUMENT, "views", "rows")
"""Keys of the payload that make hits."""


class State(NamedTuple):
    """What a collection has besides documents: manifest, fields of filters, term statistics."""

    manifest: Manifest
    fields: Fields
    statistics: Mapping[LexicalRanker, CollectionStatistics]


class QdrantIndex:
    """An open collection (`corpus_tuner.indexes.search.backend.Index`)."""

    def __init__(self, collection: Collection, state: State) -> None:
        self._collection = collection
        self.fields = state.fields
        self._lexical = state.manifest.lexical or LexicalSettings()
        self._terms = {
            name: read_terms(collection, name, statistics, getattr(state.manifest.search, name))
            for name, statistics in state.statistics.items()
        }
        self._filter = lru_cache(_FILTERS)(
            lambda condition: convert_filter(
                resolve(condition, state.fields), collection.list_values
            )
        )
        self._ids: dict[int, str] = {}
        self._signatures: dict[int, str] = {}

    def find_candidates(
        self, plan: Plan, queries: Sequence[str], vectors: Vectors | None
    ) -> Iterator[Candidates]:
        """Yield the candidates of every query."""
        filter = None if plan.condition is None else self._filter(plan.condition)
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[start : start + _QUERIES_AT_ONCE]
            dense: list[Vectors | None] = [None] * len(some)
            if vectors is not None:
                dense = [*vectors[start : start + _QUERIES_AT_ONCE]]
            query_vectors = [
                self._make_vectors(query, vector, plan)
                for query, vector in zip(some, dense, strict=True)
            ]
            found = self._find_documents(plan, query_vectors, filter)
            for query, vector, (documents, scores) in zip(some, dense, found, strict=True):
                code = plan.fused and "words" in plan.lexical and self._has_rare_code(query)
                yield Candidates.create(self, plan, vector, documents, scores, code)

    def read_ids(self, documents: Ordinals) -> list[str]:
        """Return the ids of documents, in their order."""
        return self._read_texts(documents, ID, self._ids)

    def read_signatures(self, documents: Ordinals) -> Signatures:
        """Return the MinHash signatures of documents, in their order."""
        texts = self._read_texts(documents, SIGNATURE, self._signatures)
        joined = b"".join(b64decode(text) for text in texts)
        return np.frombuffer(joined, np.uint8).reshape(-1, SIGNATURE_BYTES)

    def compare_passages(
        self, query: Vectors | None, documents: Ordinals, relevant: Ordinals
    ) -> Scores:
        """Return the similarities of the documents to the mean passage of some of them."""
        numbers = documents[relevant].tolist()
        found = self._read(numbers, (), [PASSAGE])
        passages = [found[number].vectors[PASSAGE] for number in numbers]
        mean = average_best_passages(query, passages).astype(np.float32)
        (listed,) = self._collection.search(
            [make_request(PASSAGE, mean, len(documents), among=documents)]
        )
        return _align_scores(documents, [listed])

    def read_matches(self, vector: Vectors | None, documents: Ordinals) -> list[Match]:
        """Return what is known of documents, in their order."""
        numbers = documents.tolist()
        found = self._read(numbers, _SHOWN, () if vector is None else _DENSE)
        return [_make_match(found[number], vector) for number in numbers]

    def score_windows(
        self, ranker: LexicalRanker, query: str, document: int, windows: Sequence[str], how: BM25
    ) -> Scores:
        """Return the BM25 scores of the windows of a document, given by their texts."""
        terms = extract_query_terms(ranker, query, self._lexical)
        found = [extract_terms(ranker, text, self._lexical) for text in windows]
        return self._get_terms(ranker, how).score_windows(terms, found)

    def read_document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and all its views; ``None`` if there is none of that id."""
        numbers = {hash_text(spelling): spelling for spelling in list_normal_forms(id_)}
        found = self._collection.read([*numbers], _SHOWN)
        for number, spelling in numbers.items():
            if number in found and found[number].payload[ID] == spelling:
                return _make_document(found[number].payload), _make_views(found[number])
        return None

    def read_documents(self) -> Iterator[Document]:
        """Yield all documents, in the order of their numbers."""
        for _, payload in self._collection.scroll(DOCUMENT):
            yield _make_document(payload)

    def close(self) -> None:
        """Close files and connections."""
        self._collection.close()

    def _read_texts(self, documents: Ordinals, key: str, cache: dict[int, str]) -> list[str]:
        """Return the values of a payload key, in the order of documents."""
        numbers: list[int] = documents.tolist()
        known = {number: cache[number] for number in numbers if number in cache}
        missing = [number for number in numbers if number not in known]
        if missing:
            found = self._read(missing, [key])
            known |= {number: found[number].payload[key] for number in missing}
            if len(cache) < _DOCUMENTS:
                cache.update(known)
        return [known[number] for number in numbers]

    def _has_rare_code(self, query: str) -> bool:
        terms = extract_query_terms("words", query, self._lexical)
        return self._terms["words"].has_rare_code(terms)

    def _get_terms(self, ranker: LexicalRanker, how: BM25) -> Terms:
        """Return the terms of a ranker, if documents were written with these parameters."""
        terms = self._terms[ranker]
        if how != terms.how:
            raise SearchIndexError(
                f"the index in Qdrant has {ranker} with {terms.how!r}, and cannot be searched with "
                f"{how!r}: put that in force where it was exported from, and export it again"
            )
        return terms

    def _make_vectors(
        self, query: str, vector: Vectors | None, plan: Plan
    ) -> dict[str, Vectors | SparseVector]:
        """Return the vectors of a query; sparse ones of those rankers that know a term of it."""
        vectors: dict[str, Vectors | SparseVector] = {}
        if vector is not None:
            vectors = dict.fromkeys(_DENSE, vector)
        for name in plan.lexical:
            terms = self._get_terms(name, getattr(plan.settings, name))
            sparse = terms.make_query_vector(extract_query_terms(name, query, self._lexical))
            if len(sparse.indices):
                vectors[name] = sparse
        return vectors

    def _find_documents(
        self,
        plan: Plan,
        queries: Sequence[Mapping[str, Vectors | SparseVector]],
        filter: QdrantFilter | None,
    ) -> list[tuple[Ordinals, dict[str, Scores]]]:
        """Return the candidates of some queries, given by their vectors, with their scores."""
        found: dict[int, tuple[Ordinals, dict[str, Scores]]] = {}
        depth = _DEEPER * plan.depth
        while len(found) < len(queries):
            pending = [number for number in range(len(queries)) if number not in found]
            lists = self._search(
                [
                    {
                        name: make_request(name, vector, depth, filter=filter)
                        for name, vector in queries[n].items()
                    }
                    for n in pending
                ]
            )
            every = [_unite(own) for own in lists]
            # A document that a list of full length lacks may still have a score by its ranker.
            rest = self._search(
                [
                    {
                        name: make_request(name, queries[n][name], len(missing), among=missing)
                        for name, listed in own.items()
                        if len(listed.numbers) == depth
                        and len(missing := np.setdiff1d(union, listed.numbers))
                    }
                    for n, own, union in zip(pending, lists, every, strict=True)
                ]
            )
            for number, own, more, union in zip(pending, lists, rest, every, strict=True):
                drawn = _decide_documents(plan, union, own, more, depth)
                if drawn is not None:
                    found[number] = drawn
            depth *= 4
        return [found[number] for number in range(len(queries))]

    def _search(
        self, requests: Sequence[Mapping[str, QueryRequest]]
    ) -> list[dict[str, ScoredPoints]]:
        """Return the results of all requests, sent at once."""
        answers = iter(self._collection.search([one for own in requests for one in own.values()]))
        return [{name: next(answers) for name in own} for own in requests]

    def _read(
        self, numbers: Sequence[int], keys: Sequence[str], vectors: Sequence[str] = ()
    ) -> dict[int, StoredPoint]:
        """Read documents that were just found; an error if one has gone since."""
        found = self._collection.read(numbers, keys, vectors)
        if len(found) < len({*numbers}):
            raise SearchIndexError("a document that was found was removed meanwhile: search again")
        return found


class QdrantSource(IndexSource):
    """Address of a collection.

    Raises
    ------
    SearchIndexError
        If there is nothing, or it cannot be opened.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        if address.kind != "server" and not Path(address.location).is_dir():
            raise self._make_missing_error()
        self._collection = Collection(address)

    def __str__(self) -> str:
        return str(self._address)

    def read_manifest(self) -> Manifest:
        """Return what the index says of itself now."""
        return self._state().manifest

    def open(self, representation: str) -> tuple[Manifest, QdrantIndex]:
        """Open the index as it is now."""
        state = self._state()
        if representation not in state.manifest.representations:
            raise SearchIndexError(
                f"{self} was exported again without the representation {representation!r}"
            )
        return state.manifest, QdrantIndex(self._collection, state)

    def verify(self) -> None:
        """Count the documents; Qdrant watches over its files itself."""
        wanted, found = self.read_manifest().documents, self._collection.count(ID)
        if found != wanted:
            raise SearchIndexError(
                f"{self} does not have all documents, {found:,} of {wanted:,}: export it again"
            )

    def close(self) -> None:
        """Close files and connections."""
        self._collection.close()

    def _state(self) -> State:
        state = read_state(self._collection, str(self))
        if state is None:
            raise self._make_missing_error()
        return state

    def _make_missing_error(self) -> SearchIndexError:
        return SearchIndexError(
            f"{self} is not an index: export one there, to its end, with corpus-tuner index export"
        )


def read_state(collection: Collection, name: str) -> State | None:
    """Read the manifest of a collection; ``None`` if no export was completed.

    Raises
    ------
    SearchIndexError
        If it has the format of another release.
    """
    if not collection.exists():
        return None
    found = collection.read([MANIFEST], ["format", "version", "manifest", "fields", "statistics"])
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


def _unite(lists: Mapping[str, ScoredPoints]) -> Ordinals:
    """Return all documents of some lists, in ascending order."""
    return np.unique(
        np.concatenate([np.zeros(0, np.int64), *(own.numbers for own in lists.values())])
    )


def _align_scores(documents: Ordinals, lists: Sequence[ScoredPoints]) -> Scores:
    """Return the scores of documents in the lists of one ranker, 0 for those in none."""
    scores = np.zeros(len(documents))
    order = np.argsort(documents)
    for listed in lists:
        if len(listed.numbers):
            at = np.searchsorted(documents, listed.numbers, sorter=order)
            scores[order[at]] = listed.scores
    return scores


def _decide_documents(
    plan: Plan,
    documents: Ordinals,
    lists: Mapping[str, ScoredPoints],
    more: Mapping[str, ScoredPoints],
    depth: int,
) -> tuple[Ordinals, dict[str, Scores]] | None:
    """Return the documents to be ranked; ``None`` if lists must be longer to decide.

    All documents of the lists by ranker are given, and the scores that a list lacks in `more`. A
    list of the length `depth` may have further documents.
    """
    names = [*(_DENSE if plan.dense else ()), *plan.lexical]
    scores = {
        name: _align_scores(documents, [every[name] for every in (lists, more) if name in every])
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
    best = np.unique(np.concatenate(leading))
    return documents[best], {name: own[best] for name, own in scores.items()}


class _FoundPoint(NamedTuple):
    """A document of the collection (`corpus_tuner.indexes.search.backend.FoundDocument`)."""

    document: Document
    views: Sequence[View]

    def select_views(self, position: int) -> dict[int, View]:
        """Return the passages and one more view, by position among the views."""
        return {
            at: view
            for at, view in enumerate(self.views)
            if at == position or view.kind == "passage"
        }


def _make_match(stored: StoredPoint, vector: Vectors | None) -> Match:
    """Return a document with the similarities of its views."""
    near: dict[int, float] = {}
    if vector is not None:
        rows = np.concatenate([stored.vectors[name] for name in _DENSE]).astype(np.float64)
        similarities = (rows @ vector.astype(np.float64)).round(SCORE_DECIMALS)
        # A document with one row has it twice.
        near = dict(zip(stored.payload["rows"], similarities.tolist(), strict=False))
    best = max(near, key=near.__getitem__) if near else stored.payload["rows"][0]
    found = _FoundPoint(_make_document(stored.payload), _make_views(stored))
    return Match(found, best, near)


def _make_document(payload: Payload) -> Document:
    return Document(payload[ID], payload["title"], payload["text"], payload["metadata"])


def _make_views(stored: StoredPoint) -> list[View]:
    return [View(stored.payload[ID], **view) for view in stored.payload["views"]]
