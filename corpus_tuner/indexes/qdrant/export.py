"""Export: makes a collection equal to an index, and writes only what differs.

What is there is known by hashes that are kept with every document. So an export that was killed
goes on where it was when it is begun again, and one of an index that has changed is a sync. The
manifest is written last: until then a collection is searched as it was before, or not at all.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.encoders import Vectors
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, add_language, get_language
from corpus_tuner.indexes.lexical import LexicalRanker, extract_terms
from corpus_tuner.indexes.lexical.bm25 import CollectionStatistics
from corpus_tuner.indexes.qdrant.address import Address
from corpus_tuner.indexes.qdrant.engine import (
    PASSAGE,
    VIEWS,
    Payload,
    Point,
    Sparse,
    open_engine,
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
    key_of,
    number_of,
    read_fields,
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
"""So many fields of metadata are indexed, those first that most documents have."""
_SCHEMAS = {"text": "keyword", "date": "keyword", "number": "float"}


_Written = tuple[StoredDocument, Point]


@dataclass
class Exported:
    """What an export did.

    Attributes
    ----------
    documents
        That the collection has.
    added, changed, removed
        Documents that were written or taken away.
    terms
        Documents of which only the worth of terms was written anew, since the mean length of all
        has changed.
    """

    documents: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    terms: int = 0


class _There(NamedTuple):
    """What a collection has, in the order of numbers; all of shape (documents,)."""

    numbers: Ordinals
    stamps: Ordinals
    terms: Ordinals


class Export:
    """An index on its way to a collection; a context manager.

    Parameters
    ----------
    index
        The folder of the index.
    address
        Of the collection; it is made if there is none.

    Attributes
    ----------
    manifest
        Of the index.
    done
        What was done.

    Raises
    ------
    SearchIndexError
        If either cannot be opened, the index is of a kind that Qdrant cannot rank, or the
        collection has other contents.
    """

    def __init__(self, index: Path, address: Address) -> None:
        source = LocalIndexSource(index)
        manifest = source.manifest()
        _refuse_others(manifest)
        self.manifest, self._local = source.open(manifest.representation)
        self.done = Exported()
        self._address = address
        try:
            self._engine = open_engine(address)
        except BaseException:
            self._local.close()
            raise
        lexical = self._local.lexical
        self._statistics: dict[LexicalRanker, CollectionStatistics] = (
            {name: own.statistics for name, own in lexical.terms.items()} if lexical else {}
        )
        search = self.manifest.search
        settings = self.manifest.lexical and self.manifest.lexical.model_dump(mode="json")
        means = {
            name: (own.mean, getattr(search, name).model_dump())
            for name, own in self._statistics.items()
        }
        self._worth = _hash(json.dumps([settings, means], sort_keys=True))

    def __enter__(self) -> "Export":
        return self

    def __exit__(self, *_: object) -> None:
        self._local.close()
        self._engine.close()

    def batches(self) -> Iterator[int]:
        """Write, and yield now and then how many documents are as they should be since."""
        self._prepare()
        terms = self._write_terms()
        there = self._there()
        seen = np.zeros(len(there.numbers), bool)
        living = np.flatnonzero(self._local.segments.live_docs)
        self._refuse_equal_numbers(living)
        for start in range(0, len(living), _AT_ONCE):
            some = living[start : start + _AT_ONCE]
            self._write_documents(some, terms, there, seen)
            yield len(some)
        gone = there.numbers[~seen].tolist()
        for start in range(0, len(gone), _AT_ONCE):
            self._engine.remove(gone[start : start + _AT_ONCE])
        self.done.removed = len(gone)
        self._finish(terms)

    def _prepare(self) -> None:
        """Make the collection, or see that it is one of ours."""
        engine, dimension = self._engine, self.manifest.encoder.dimension
        mark: Payload = {"format": FORMAT, "version": VERSION}
        if engine.exists():
            if engine.count() and not engine.stored([MANIFEST], ["format"]):
                raise SearchIndexError(
                    f"{self._address} has other contents than an index: give another collection"
                )
            state = read_state(engine, str(self._address))
            if state is not None and state.manifest.encoder.dimension != dimension:
                raise SearchIndexError(
                    f"{self._address} has vectors of {state.manifest.encoder.dimension} "
                    f"dimensions, and the index of {dimension}: give another collection"
                )
        else:
            engine.create(dimension, list(self._statistics))
            state = None
        if state is None:
            engine.write([Point(MANIFEST, {}, mark)])
            engine.index_key(ID, "keyword")
            for key in (FIELDS, *TRUTHS.values()):
                engine.index_key(key, "keyword")
        fields = self._local.fields
        most = sorted(fields, key=lambda name: (-fields[name].documents, name))
        for name in [name for name in most if name != ID][:_KEYS_INDEXED]:
            for type_, schema in _SCHEMAS.items():
                if type_ in fields[name].types:
                    engine.index_key(key_of(name), schema)
                    break

    def _write_terms(self) -> dict[LexicalRanker, Terms]:
        """Give all terms a dimension, before a document has it."""
        every = {}
        lexical = self._local.lexical
        for name, own in lexical.terms.items() if lexical else ():
            known = read_keys(self._engine, name)
            every[name] = known.with_new(own.count_frequencies()[0])
            if len(every[name].keys) > len(known.keys):
                write_keys(self._engine, name, every[name], len(known.keys))
        return every

    def _there(self) -> _There:
        """Read what the collection has."""
        found = np.fromiter(
            (
                (number, payload[STAMP], payload[TERMS])
                for number, payload in self._engine.scroll([STAMP, TERMS])
            ),
            [("number", np.int64), ("stamp", np.int64), ("terms", np.int64)],
        )
        found.sort(order="number")
        return _There(found["number"], found["stamp"], found["terms"])

    def _refuse_equal_numbers(self, living: Ordinals) -> None:
        """Refuse two documents of one number."""
        numbers: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
        for start in range(0, len(living), 1_024):
            ids = self._local.read_ids(living[start : start + 1_024])
            numbers.append(np.array([number_of(id_) for id_ in ids], np.int64))
        if len(np.unique(np.concatenate(numbers))) < len(living):
            raise SearchIndexError("two documents have ids of the same hash: rename one of them")

    def _write_documents(
        self,
        ordinals: Ordinals,
        terms: dict[LexicalRanker, Terms],
        there: _There,
        seen: npt.NDArray[np.bool_],
    ) -> None:
        """Write those of some documents that are not there, or not as they should be."""
        new: list[_Written] = []
        old: list[_Written] = []
        for stored, point in self._points(ordinals):
            at = int(np.searchsorted(there.numbers, point.number))
            if at == len(there.numbers) or there.numbers[at] != point.number:
                self.done.added += 1
                new.append((stored, point))
                continue
            seen[at] = True
            if there.stamps[at] != point.payload[STAMP]:
                self.done.changed += 1
                new.append((stored, point))
            elif there.terms[at] != self._worth:
                self.done.terms += 1
                old.append((stored, Point(point.number, {}, {TERMS: self._worth})))
        for part in _requests(new):
            self._engine.write(self._with_terms(part, terms))
        if old:
            self._engine.rewrite(self._with_terms(old, terms))

    def _points(self, ordinals: Ordinals) -> Iterator[_Written]:
        """Yield some documents, and their points without terms."""
        dense = self._local.dense
        vectors, starts = dense.vectors(ordinals)
        views_, _ = dense.row_views(ordinals)
        stored = (
            one
            for segment, own in self._local.segments.split_by_segment(ordinals)
            for one in segment.read_stored(own.tolist())
        )
        parts = zip(np.split(vectors, starts[1:]), np.split(views_, starts[1:]), strict=True)
        for one, (rows, shown) in zip(stored, parts, strict=True):
            yield one, _point(one, rows, shown.tolist(), self._worth)

    def _with_terms(
        self, every: Sequence[_Written], terms: dict[LexicalRanker, Terms]
    ) -> list[Point]:
        """Return points with the vectors of their documents' terms."""
        lexical = self.manifest.lexical
        if lexical is None:
            return [point for _, point in every]
        texts = [lexical.join_text(one.document, one.views) for one, _ in every]
        sparse: list[dict[str, Vectors | Sparse]] = [{} for _ in every]
        for name, statistics in self._statistics.items():
            how = getattr(self.manifest.search, name)
            for own, found in zip(sparse, extract_terms(name, texts, lexical), strict=True):
                if found.terms:
                    own[name] = terms[name].document(found, statistics, how)
        return [
            point._replace(vectors={**point.vectors, **own})
            for (_, point), own in zip(every, sparse, strict=True)
        ]

    def _finish(self, terms: dict[LexicalRanker, Terms]) -> None:
        """Count, and put the manifest in force."""
        found, wanted = self._engine.count(ID), self.manifest.documents
        if found != wanted:
            raise SearchIndexError(
                f"{self._address} has {found:,} documents now, and should have {wanted:,}: does "
                "another export to it? Begin this one again"
            )
        lexical = self._local.lexical
        for name, own in lexical.terms.items() if lexical else ():
            write_frequencies(self._engine, name, terms[name], *own.count_frequencies())
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
        self._engine.write([Point(MANIFEST, {}, payload)])
        self.done.documents = found


def export_to_qdrant(index: Path, address: Address) -> Exported:
    """Make a collection equal to an index.

    Parameters, and errors raised, are those of `Export`.
    """
    with Export(index, address) as export:
        for _ in export.batches():
            pass
    return export.done


def _requests(every: Sequence[_Written]) -> Iterator[list[_Written]]:
    """Yield points in parts that are not too large for one request: a server takes 32 MB."""
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


def _refuse_others(manifest: Manifest) -> None:
    """Refuse an index whose documents Qdrant cannot score as it does."""
    settings = manifest.representations[manifest.representation]
    how = read_representation(settings)
    if not isinstance(how, views.Representation) or settings.get("top", 1) != 1:
        raise SearchIndexError(
            "Qdrant ranks by a document's passage and its best view: export an index of the "
            "representation 'views' with top=1"
        )


def _point(stored: StoredDocument, rows: Vectors, shown: list[int], worth: int) -> Point:
    """Return the point of a document, but for its terms."""
    document = stored.document
    payload: dict[str, Any] = {
        ID: document.id,
        "title": document.title,
        "text": document.text,
        "metadata": dict(document.metadata),
        LANGUAGE: get_language(stored.counts),
        "views": [_without_id(asdict(view)) for view in stored.views],
        "rows": shown,
        **read_fields(add_language(document.metadata, stored.counts)),
    }
    payload[STAMP] = _hash(json.dumps(payload, sort_keys=True), rows.tobytes())
    payload[TERMS] = worth
    vectors = {PASSAGE: rows[0], VIEWS: rows[1:] if len(rows) > 1 else rows}
    return Point(number_of(document.id), vectors, payload)


def _without_id(view: dict[str, Any]) -> dict[str, Any]:
    del view["document_id"]
    return view


def _hash(text: str, more: bytes = b"") -> int:
    """Return 63 bits of a hash."""
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    made.update(more)
    return int.from_bytes(made.digest(), "little") >> 1
