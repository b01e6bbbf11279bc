"""Filters by hand: whether a document passes one, and random filters and metadata."""

import operator
from calendar import monthrange
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.representations import Representation
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.segment_writer import SEGMENT, SegmentRows, write_segment
from corpus_tuner.indexes.store.segments import Segments

COMPARED = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
Metadata = dict[str, Any]


def values_of(id_: str, metadata: Metadata, field: str) -> list[Any]:
    """All values that a document has in a field."""
    found: Any = {**metadata, "id": id_}
    for part in field.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, list) else [found]


def passes(id_: str, metadata: Metadata, filter: dict[str, Any]) -> bool:
    """Tell whether a filter lets a document through."""
    held = []
    for key, value in filter.items():
        if key in ("and", "or"):
            parts = [passes(id_, metadata, part) for part in value]
            held.append(all(parts) if key == "and" else any(parts))
        elif key == "not":
            held.append(not passes(id_, metadata, value))
        else:
            held.append(holds(values_of(id_, metadata, key), value))
    return all(held)


def holds(values: list[Any], condition: Any) -> bool:
    if not isinstance(condition, dict):
        wanted = condition if isinstance(condition, list) else [condition]
        return any(equal(value, one) for value in values for one in wanted)
    asked = dict(condition)
    if "exists" in asked and asked.pop("exists") != any(value is not None for value in values):
        return False
    if "ne" in asked and holds(values, asked.pop("ne")):
        return False
    return not asked or any(
        all(in_range(value, sign, bound) for sign, bound in asked.items()) for value in values
    )


def equal(value: Any, wanted: Any) -> bool:
    """Tell whether a value is that of a filter, of a field with dates and other text."""
    if dated := period(wanted):
        first = moment(value)
        return first is not None and dated[0] <= first <= dated[1]
    return kind(value) == kind(wanted) and bool(value == wanted)


def in_range(value: Any, sign: str, bound: Any) -> bool:
    """Tell whether a value is in a range, of a field with dates and other text."""
    if kind(value) != kind(bound):
        return False
    if sign == "prefix":
        return bool(value.startswith(bound))
    if dated := period(bound):
        first = moment(value)
        return first is not None and bool(COMPARED[sign](first, dated[sign in ("gt", "lte")]))
    return bool(COMPARED[sign](value, bound))


def moment(value: Any) -> Any:
    """The first moment of a date that a document has, which may be a year."""
    if dated := period(value):
        return dated[0]
    with suppress(ValueError, TypeError):
        return datetime.strptime(value, "%Y")
    return None


def period(text: Any) -> Any:
    """The first and last moment of a month, a day or a time; a year in a filter is no date here."""
    for form in ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M"):
        with suppress(ValueError, TypeError):
            start = datetime.strptime(text, form)
            days = {"%Y-%m": monthrange(start.year, start.month)[1], "%Y-%m-%d": 1}.get(form)
            return start, start + timedelta(days=days, microseconds=-1) if days else start
    return None


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else type(value).__name__


texts = st.sampled_from(
    ["2020", "2024-05", "2024-05-03", "2024-06-01T10:00", "de", "d", "e", "é", "𝄞", 'a"b', ""]
)
numbers = st.sampled_from([2019, 2020, 2020.0, 2020.5, 0.1, -1, 2**63, 2**53 + 1])
scalars = texts | numbers | st.booleans()
stored = st.recursive(
    scalars | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["of", "b"]), inner, max_size=2)
    ),
    max_leaves=4,
)
metadata = st.dictionaries(st.sampled_from(["a", "b", "a b"]), stored, max_size=3)
operators = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(COMPARED, texts | numbers),
        "ne": scalars | st.lists(scalars, max_size=3),
        "prefix": texts.filter(bool),
        "exists": st.booleans(),
    },
).filter(bool)
ids = st.sampled_from(["d0", "d1", "d", "x"])
flat = st.dictionaries(
    st.sampled_from(["a", "b", "a b", "a.of"]),
    scalars | st.lists(scalars, max_size=3) | operators,
    max_size=2,
) | st.fixed_dictionaries({"id": ids | st.lists(ids) | st.fixed_dictionaries({"prefix": ids})})
nested = st.recursive(
    flat,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "and": st.lists(inner, min_size=1, max_size=3),
            "or": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
        },
    ),
    max_leaves=5,
)
VALUES = [1, "x", True, "2024-05-04"]
EVERY_TYPE = dict.fromkeys(("a b", "b"), VALUES) | {"a": {"of": VALUES}}


class _Source:
    """Documents d0, d1, ... of a segment, without vectors and terms."""

    def __init__(self, documents: Sequence[tuple[int, Metadata]]) -> None:
        self._documents = documents

    def read_stored(self) -> Iterator[StoredDocument]:
        for number, own in self._documents:
            document = Document(f"d{number}", "", "text", own)
            yield StoredDocument(document, [View(document.id, "passage", "x")], "0a", {})

    def read_rows(self, representation: Representation) -> SegmentRows:
        raise NotImplementedError

    def write_terms(self, ranker: LexicalRanker, folder: Path) -> None:
        raise NotImplementedError


def open_segments(folder: Path, every: Sequence[Metadata], segments: int = 1) -> Segments:
    """Open segments of documents d0, d1, ... with this metadata, which no manifest names."""
    numbered = [*enumerate(every)]
    folders, live_docs = [], []
    for number in range(segments):
        start, end = (edge * len(every) // segments for edge in (number, number + 1))
        write_segment(_Source(numbered[start:end]), folder / str(number), [], dimension=1)
        folders.append(folder / str(number) / SEGMENT)
        live_docs.append(np.ones(end - start, bool))
    return Segments(folders, live_docs)
