"""Export of an index to a collection: writes only what differs.

Hashes stored with every document tell what the collection has. So an export that was killed
continues when it is run again, and an export of a changed index is a sync. The manifest is written
last: until then a collection is searched as before, or not at all.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, add_language, get_language
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.bm25 import CollectionStatistics
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.collection import (
    PASSAGE,
    VIEWS,
    Collection,
    Payload,
    Point,
    SparseVector,
)
from corpus_tuner.indexes.qdrant.index import read_state
from corpus_tuner.indexes.qdrant.layout import (
    FIELDS,
    FORMAT,
    MANIFEST,
    STAMP,
    TERMS,
    TRUTHS,
    VERSION,
    hash_id,
    list_fields,
    payload_key,
)
from corpus_tuner.indexes.qdrant.terms import Terms, read_keys, write_frequencies, write_keys
from corpus_tuner.indexes.representations import read_representation, views
from corpus_tuner.indexes.search.local_index import LocalIndexSource
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals

_AT_ONCE = 64  # documents
_NUMBERS = 500_000  # of dense vectors in one request, of some 20 bytes each
_KEYS_INDEXED = 64
"""Number of metadata fields that are indexed, the most frequent ones."""
_SCHEMAS = {"text": "keyword", "date": "keyword", "number": "float"}


_Written = tuple[StoredDocument, Point]


@dataclass
class Exported:
    """Outcome of an export.

    Attributes
    ----------
    documents
        Number of documents in the collection.
    added, changed, removed
        Numbers of documents that were added, changed and removed.
    terms
        Number of documents of which only the term weights were written again, since the mean
        length of all documents has changed.
    """

    documents: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    terms: int = 0


class Export:
    """Export of an index to a collection; a context manager.

    Parameters
    ----------
    index
        Folder of the index.
    address
        Address of the collection, which is created if it does not exist.

    Attributes
    ----------
    manifest
        Manifest of the index.
    done
        Outcome so far.

    Raises
    ------
    SearchIndexError
        If either cannot be opened, the index has a representation that Qdrant cannot rank, or the
        collection has other contents.
    """

    def __init__(self, index: Path, address: Address) -> None:
        source = LocalIndexSource(index)
        manifest = source.read_manifest()
        _require_views(manifest)
        self.manifest, self._local = source.open(manifest.representation)
        self.done = Exported()
        self._address = address
        try:
            self._collection = Collection(address)
        except BaseException:
            self._local.close()
            raise
        self._statistics: dict[LexicalRanker, CollectionStatistics] = {
            name: own.statistics for name, own in self._local.lexical.items()
        }
        search = self.manifest.search
        settings = self.manifest.lexical and self.manifest.lexical.model_dump(mode="json")
        means = {
            name: (own.mean, getattr(search, name).model_dump())
            for name, own in self._statistics.items()
        }
        self._terms_hash = _hash(json.dumps([settings, means], sort_keys=True))

    def __enter__(self) -> "Export":
        return self

    def __exit__(self, *_: object) -> None:
        self._local.close()
        self._collection.close()

    def write_batches(self) -> Iterator[int]:
        """Write the documents in batches, and yield the size of each."""
        self._prepare()
        terms = self._write_terms()
        there = self._read_hashes()
        seen = np.zeros(len(there["number"]), bool)
        live = np.flatnonzero(self._local.segments.live_docs)
        self._check_numbers(live)
        for start in range(0, len(live), _AT_ONCE):
            some = live[start : start + _AT_ONCE]
            self._write_documents(some, terms, there, seen)
            yield len(some)
        gone = there["number"][~seen].tolist()
        for start in range(0, len(gone), _AT_ONCE):
            self._collection.delete(gone[start : start + _AT_ONCE])
        self.done.removed = len(gone)
        self._finish(terms)

    def _prepare(self) -> None:
        """Create the collection, or check that it has the format of an export."""
        collection, dimension = self._collection, self.manifest.encoder.dimension
        mark: Payload = {"format": FORMAT, "version": VERSION}
        if collection.exists():
            if collection.count() and not collection.read([MANIFEST], ["format"]):
                raise SearchIndexError(
                    f"{self._address} has other contents than an index: give another collection"
                )
            state = read_state(collection, str(self._address))
            if state is not None and state.manifest.encoder.dimension != dimension:
                raise SearchIndexError(
                    f"{self._address} has vectors of {state.manifest.encoder.dimension} "
                    f"dimensions, and the index of {dimension}: give another collection"
                )
        else:
            collection.create(dimension, list(self._statistics))
            state = None
        if state is None:
            collection.write([Point(MANIFEST, {}, mark)])
            collection.index_key(ID, "keyword")
            for key in (FIELDS, *TRUTHS.values()):
                collection.index_key(key, "keyword")
        fields = self._local.fields
        most = sorted(fields, key=lambda name: (-fields[name].documents, name))
        for name in [name for name in most if name != ID][:_KEYS_INDEXED]:
            for type_, schema in _SCHEMAS.items():
                if type_ in fields[name].types:
                    collection.index_key(payload_key(name), schema)
                    break

    def _write_terms(self) -> dict[LexicalRanker, Terms]:
        """Assign dimensions to new terms, before documents use them."""
        every = {}
        for name, own in self._local.lexical.items():
            known = read_keys(self._collection, name)
            every[name] = known.add_keys(own.count_frequencies()[0])
            if len(every[name].keys) > len(known.keys):
                write_keys(self._collection, name, every[name], len(known.keys))
        return every

    def _read_hashes(self) -> npt.NDArray[np.void]:
        """Return numbers and hashes of the documents in the collection, ordered by number."""
        found = np.fromiter(
            (
                (number, payload[STAMP], payload[TERMS])
                for number, payload in self._collection.scroll([STAMP, TERMS])
            ),
            [("number", np.int64), ("stamp", np.int64), ("terms", np.int64)],
        )
        found.sort(order="number")
        return found

    def _check_numbers(self, live: Ordinals) -> None:
        """Refuse two documents with the same number."""
        numbers: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
        for start in range(0, len(live), 1_024):
            ids = self._local.read_ids(live[start : start + 1_024])
            numbers.append(np.array([hash_id(id_) for id_ in ids], np.int64))
        if len(np.unique(np.concatenate(numbers))) < len(live):
            raise SearchIndexError("two documents have ids of the same hash: rename one of them")

    def _write_documents(
        self,
        ordinals: Ordinals,
        terms: dict[LexicalRanker, Terms],
        there: npt.NDArray[np.void],
        seen: npt.NDArray[np.bool_],
    ) -> None:
        """Write those documents that the collection lacks, or has in another state."""
        new: list[_Written] = []
        old: list[_Written] = []
        for stored, point in self._make_points(ordinals):
            at = int(np.searchsorted(there["number"], point.number))
            if at == len(there["number"]) or there["number"][at] != point.number:
                self.done.added += 1
                new.append((stored, point))
                continue
            seen[at] = True
            if there["stamp"][at] != point.payload[STAMP]:
                self.done.changed += 1
                new.append((stored, point))
            elif there["terms"][at] != self._terms_hash:
                self.done.terms += 1
                old.append((stored, Point(point.number, {}, {TERMS: self._terms_hash})))
        for part in _split_requests(new):
            self._collection.write(self._add_terms(part, terms))
        if old:
            self._collection.update(self._add_terms(old, terms))

    def _make_points(self, ordinals: Ordinals) -> Iterator[_Written]:
        """Yield documents, and their points without term vectors."""
        dense = self._local.dense
        vectors, starts = dense.vectors(ordinals)
        views_, _ = dense.row_views(ordinals)
        stored = self._local.segments.read_stored(ordinals)
        parts = zip(np.split(vectors, starts[1:]), np.split(views_, starts[1:]), strict=True)
        for one, (rows, shown) in zip(stored, parts, strict=True):
            yield one, _make_point(one, rows, shown.tolist(), self._terms_hash)

    def _add_terms(
        self, every: Sequence[_Written], terms: dict[LexicalRanker, Terms]
    ) -> list[Point]:
        """Return points with their term vectors added."""
        lexical = self.manifest.lexical
        if lexical is None:
            return [point for _, point in every]
        texts = [lexical.join_text(one.document, one.views) for one, _ in every]
        sparse: list[dict[str, Vectors | SparseVector]] = [{} for _ in every]
        for name, statistics in self._statistics.items():
            how = getattr(self.manifest.search, name)
            for own, text in zip(sparse, texts, strict=True):
                found = extract_terms(name, text, lexical)
                if found.terms:
                    own[name] = terms[name].make_vector(found, statistics, how)
        return [
            point._replace(vectors={**point.vectors, **own})
            for (_, point), own in zip(every, sparse, strict=True)
        ]

    def _finish(self, terms: dict[LexicalRanker, Terms]) -> None:
        """Check the number of documents, and write the manifest."""
        found, wanted = self._collection.count(ID), self.manifest.documents
        if found != wanted:
            raise SearchIndexError(
                f"{self._address} has {found:,} documents and should have {wanted:,}: is "
                "another export running? Run this one again"
            )
        for name, own in self._local.lexical.items():
            write_frequencies(self._collection, name, terms[name], *own.count_frequencies())
        chosen = self.manifest.representation
        manifest = self.manifest.model_copy(
            update={"representations": {chosen: self.manifest.representations[chosen]}}
        )
        payload: Payload = {
            "format": FORMAT,
            "version": VERSION,
            "manifest": manifest.model_dump(mode="json"),
            "fields": {
                name: [own.documents, own.types] for name, own in self._local.fields.items()
            },
            "statistics": {name: list(own) for name, own in self._statistics.items()},
        }
        self._collection.write([Point(MANIFEST, {}, payload)])
        self.done.documents = found


def export_to_qdrant(index: Path, address: Address) -> Exported:
    """Write an index to a collection of Qdrant, or update the collection to equal it.

    Parameters and errors are those of `Export`.
    """
    with Export(index, address) as export:
        for _ in export.write_batches():
            pass
    return export.done


def _split_requests(every: Sequence[_Written]) -> Iterator[list[_Written]]:
    """Split points into requests of limited size: a server accepts 32 MB."""
    part: list[_Written] = []
    numbers = 0
    for one in every:
        own = sum(np.size(vectors) for vectors in one[1].vectors.values())
        if part and numbers + own > _NUMBERS:
            yield part
            part, numbers = [], 0
        part.append(one)
        numbers += own
    if part:
        yield part


def _require_views(manifest: Manifest) -> None:
    """Refuse a representation that Qdrant cannot score."""
    how = read_representation(manifest.representations[manifest.representation])
    if not isinstance(how, views.Representation):
        raise SearchIndexError(
            "Qdrant ranks by a document's passage and its best view: export an index of the "
            "representation 'views'"
        )


def _make_point(stored: StoredDocument, rows: Vectors, shown: list[int], terms_hash: int) -> Point:
    """Return the point of a document without term vectors."""
    document = stored.document
    payload: dict[str, Any] = {
        ID: document.id,
        "title": document.title,
        "text": document.text,
        "metadata": dict(document.metadata),
        LANGUAGE: get_language(stored.counts),
        "views": [_drop_id(asdict(view)) for view in stored.views],
        "rows": shown,
        **list_fields(add_language(document.metadata, stored.counts)),
    }
    payload[STAMP] = _hash(json.dumps(payload, sort_keys=True), rows.tobytes())
    payload[TERMS] = terms_hash
    vectors = {PASSAGE: rows[0], VIEWS: rows[1:] if len(rows) > 1 else rows}
    return Point(hash_id(document.id), vectors, payload)


def _drop_id(view: dict[str, Any]) -> dict[str, Any]:
    del view["document_id"]
    return view


def _hash(text: str, more: bytes = b"") -> int:
    """Return a hash of 63 bits."""
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    made.update(more)
    return int.from_bytes(made.digest(), "little") >> 1
