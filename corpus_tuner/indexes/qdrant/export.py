"""Export of an index to a collection: writes only what differs.

Hashes stored with every document tell what the collection has. So an export that was killed
continues when it is run again, and an export of a changed index is a sync. The manifest is written
last: until then a collection is searched as before, or not at all.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus_tuner.core.progress import track
from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, add_language, get_language
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.collection import (
    PASSAGE,
    VIEWS,
    Collection,
    Payload,
    Point,
)
from corpus_tuner.indexes.qdrant.index import read_state
from corpus_tuner.indexes.qdrant.layout import (
    FIELDS,
    FORMAT,
    MANIFEST,
    SIGNATURE,
    STAMP,
    TERMS,
    TRUTHS,
    VERSION,
    hash_text,
    list_fields,
    payload_key,
)
from corpus_tuner.indexes.qdrant.terms import Terms, write_frequencies, write_keys
from corpus_tuner.indexes.representations import count_windows, read_representation, views
from corpus_tuner.indexes.search.local_index import LocalIndex, LocalIndexSource
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.vectors import Ordinals
from corpus_tuner.text.near_duplicates import Signatures

_AT_ONCE = 64  # documents
_NUMBERS = 500_000  # of dense vectors in one request, of some 20 bytes each
_KEYS_INDEXED = 64
"""Number of metadata fields that are indexed, the most frequent ones."""
_SCHEMAS = {"text": "keyword", "date": "keyword", "number": "float"}


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


def export_to_qdrant(index: Path, address: Address) -> Exported:
    """Write an index to a collection of Qdrant, or update the collection to equal it.

    Parameters
    ----------
    index
        Folder of the index.
    address
        Address of the collection, which is created if it does not exist.

    Raises
    ------
    SearchIndexError
        If either cannot be opened, the index has a representation that Qdrant cannot rank, or the
        collection has other contents.
    """
    source = LocalIndexSource(index)
    manifest = source.read_manifest()
    _require_views(manifest)
    manifest, local = source.open(manifest.representation)
    with closing(local), closing(Collection(address)) as collection:
        return _Export(manifest, local, collection, str(address)).run()


class _Export:
    """Export of an open index to an open collection."""

    def __init__(
        self, manifest: Manifest, local: LocalIndex, collection: Collection, address: str
    ) -> None:
        self._manifest = manifest
        self._local = local
        self._collection = collection
        self._address = address
        self._done = Exported(documents=manifest.documents)
        settings = manifest.lexical and manifest.lexical.model_dump(mode="json")
        means = {
            name: (own.statistics.mean, getattr(manifest.search, name).model_dump())
            for name, own in local.lexical.items()
        }
        self._terms_hash = hash_text(json.dumps([settings, means], sort_keys=True))

    def run(self) -> Exported:
        """Write what differs."""
        self._prepare()
        # Dimensions are assigned to new terms before documents use them.
        terms = {name: self._write_terms(name) for name in self._local.lexical}
        there = self._read_hashes()
        seen = np.zeros(len(there["number"]), bool)
        live = np.flatnonzero(self._local.segments.live_docs)
        batches = [live[start : start + _AT_ONCE] for start in range(0, len(live), _AT_ONCE)]
        for some in track(batches, "exporting", lambda: len(live), len):
            self._write_documents(some, terms, there, seen)
        gone = there["number"][~seen].tolist()
        for start in range(0, len(gone), _AT_ONCE):
            self._collection.delete(gone[start : start + _AT_ONCE])
        self._done.removed = len(gone)
        self._finish(terms)
        return self._done

    def _prepare(self) -> None:
        """Create the collection, or check that it has the format of an export."""
        collection, dimension = self._collection, self._manifest.encoder.dimension
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
            collection.create(dimension, list(self._local.lexical))
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

    def _write_terms(self, ranker: LexicalRanker) -> Terms:
        """Assign dimensions to new terms of a ranker; return all terms with their frequencies."""
        index = self._local.lexical[ranker]
        keys, counts = index.count_frequencies()
        every = write_keys(self._collection, ranker, keys)
        frequencies = np.zeros(len(every), np.int64)
        order = np.argsort(every)
        frequencies[order[np.searchsorted(every, keys, sorter=order)]] = counts
        how = getattr(self._manifest.search, ranker)
        return Terms(every, frequencies, index.statistics, how)

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

    def _write_documents(
        self,
        ordinals: Ordinals,
        terms: Mapping[LexicalRanker, Terms],
        there: npt.NDArray[np.void],
        seen: npt.NDArray[np.bool_],
    ) -> None:
        """Write those documents that the collection lacks, or has in another state."""
        new: list[Point] = []
        old: list[Point] = []
        signatures = self._local.read_signatures(ordinals)
        every = zip(self._read_documents(ordinals), signatures, strict=True)
        for (stored, rows, shown), signature in every:
            point = _make_point(stored, rows, shown, signature, self._terms_hash)
            at = int(np.searchsorted(there["number"], point.number))
            if at == len(there["number"]) or there["number"][at] != point.number:
                self._done.added += 1
                new.append(self._add_terms(point, stored, terms))
                continue
            seen[at] = True
            if there["stamp"][at] != point.payload[STAMP]:
                self._done.changed += 1
                new.append(self._add_terms(point, stored, terms))
            elif there["terms"][at] != self._terms_hash:
                self._done.terms += 1
                own = Point(point.number, {}, {TERMS: self._terms_hash})
                old.append(self._add_terms(own, stored, terms))
        for part in _split_requests(new):
            self._collection.write(part)
        if old:
            self._collection.update(old)

    def _read_documents(
        self, ordinals: Ordinals
    ) -> Iterator[tuple[StoredDocument, Vectors, list[int]]]:
        """Yield documents with their rows and the view of each row."""
        dense = self._local.dense
        vectors, starts = dense.vectors(ordinals)
        views_, _ = dense.row_views(ordinals)
        stored = self._local.segments.read_stored(ordinals)
        parts = zip(np.split(vectors, starts[1:]), np.split(views_, starts[1:]), strict=True)
        for one, (rows, shown) in zip(stored, parts, strict=True):
            yield one, rows, shown.tolist()

    def _add_terms(
        self, point: Point, stored: StoredDocument, terms: Mapping[LexicalRanker, Terms]
    ) -> Point:
        """Return the point of a document with its term vectors added."""
        lexical = self._manifest.lexical
        if lexical is None:
            return point
        texts = lexical.split_text(stored.document, stored.views)
        vectors = dict(point.vectors)
        for name, own in terms.items():
            windows = [extract_terms(name, text, lexical) for text in texts]
            if any(window.terms for window in windows):
                vectors[name] = own.make_vector(windows)
        return point._replace(vectors=vectors)

    def _finish(self, terms: Mapping[LexicalRanker, Terms]) -> None:
        """Check the number of documents, and write the manifest."""
        found, wanted = self._collection.count(ID), self._manifest.documents
        if found != wanted:
            raise SearchIndexError(
                f"{self._address} does not have all documents, {found:,} of {wanted:,}: is "
                "another export running? Run this one again"
            )
        for name, own in terms.items():
            write_frequencies(self._collection, name, own.frequencies)
        chosen = self._manifest.representation
        manifest = self._manifest.model_copy(
            update={"representations": {chosen: self._manifest.representations[chosen]}}
        )
        payload: Payload = {
            "format": FORMAT,
            "version": VERSION,
            "manifest": manifest.model_dump(mode="json"),
            "fields": {
                name: [own.documents, own.types] for name, own in self._local.fields.items()
            },
            "statistics": {name: list(own.statistics) for name, own in self._local.lexical.items()},
        }
        self._collection.write([Point(MANIFEST, {}, payload)])


def _split_requests(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Split points into requests of limited size: a server accepts 32 MB."""
    part: list[Point] = []
    numbers = 0
    for point in points:
        own = sum(np.size(point.vectors[name]) for name in (PASSAGE, VIEWS))
        if part and numbers + own > _NUMBERS:
            yield part
            part, numbers = [], 0
        part.append(point)
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


def _make_point(
    stored: StoredDocument,
    rows: Vectors,
    shown: list[int],
    signature: Signatures,
    terms_hash: int,
) -> Point:
    """Return the point of a document without term vectors."""
    document = stored.document
    every = [asdict(view) for view in stored.views]
    for view in every:
        del view["document_id"]
    payload: Payload = {
        ID: document.id,
        "title": document.title,
        "text": document.text,
        "metadata": dict(document.metadata),
        LANGUAGE: get_language(stored.counts),
        "views": every,
        "rows": shown,
        **list_fields(add_language(document.metadata, stored.counts)),
    }
    payload[STAMP] = hash_text(json.dumps(payload, sort_keys=True), rows.tobytes())
    payload[SIGNATURE] = b64encode(signature.tobytes()).decode()
    payload[TERMS] = terms_hash
    windows = count_windows(stored.views)
    vectors = {PASSAGE: rows[:windows], VIEWS: rows[windows:] if len(rows) > windows else rows}
    return Point(hash_text(document.id), vectors, payload)
