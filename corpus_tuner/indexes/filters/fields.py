"""Fields of the metadata of documents, counted when a segment is written, and forms of ids."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus_tuner.indexes.filters.dates import parse_period

FIELD = r"^[^\".\x00-\x1f\x7f]+(\.[^\".\x00-\x1f\x7f]+)*$"
"""Regular expression of the names of fields: parts joined by dots, without quotes."""
ID = "id"
"""Field of the id of a document."""
LANGUAGE = "language"
"""Field of the detected language of a document: not metadata, but counted."""
LANGUAGE_COUNT = f"{LANGUAGE}: "
"""Prefix of the ISO 639-1 code in the counts of a document."""
WORDS = ("and", "or", "not")
"""Operators of filters, which are no names of fields."""


@dataclass(frozen=True, slots=True)
class Field:
    """Statistics of a field.

    Attributes
    ----------
    documents
        Number of documents that have it.
    types
        Number of documents by the type of the value: ``text``, ``date`` (text that is an ISO 8601
        date), ``number``, ``boolean``, ``object`` (which has fields of its own), ``list`` (in a
        list) or ``null`` (also an empty list). A list has the types of its values, too.
    """

    documents: int
    types: dict[str, int]


Fields = Mapping[str, Field]


class FieldCounts:
    """Counter of the fields of documents.

    Examples
    --------
    >>> counts = FieldCounts()
    >>> counts.add({"year": 1850, "author": {"name": "Ada"}})
    >>> {name: [*field.types] for name, field in counts.compute_fields().items()}
    {'author': ['object'], 'author.name': ['text'], 'year': ['number']}
    """

    def __init__(self) -> None:
        self._documents: Counter[str] = Counter()
        self._types: dict[str, Counter[str]] = {}

    def add(self, metadata: Mapping[str, Any], counts: Mapping[str, int] | None = None) -> None:
        """Count the fields of a document that a filter can name."""
        for name, value in walk_fields(add_language(metadata, counts or {})):
            if isinstance(value, list | tuple) and value:
                # A list within a list is a value, even an empty one, as it is for SQLite.
                types = {
                    "list" if isinstance(one, list | tuple) else _get_type(one) for one in value
                }
            else:
                types = {_get_type(value)}
            self.count(name, 1, dict.fromkeys(types, 1))

    def count(self, name: str, documents: int, types: Mapping[str, int]) -> None:
        """Count a field of some documents, by the types that it has there."""
        self._documents[name] += documents
        self._types.setdefault(name, Counter()).update(types)

    def compute_fields(self) -> Fields:
        """Return the statistics of each field."""
        return {
            name: Field(self._documents[name], dict(sorted(types.items())))
            for name, types in sorted(self._types.items())
        }


def get_language(counts: Mapping[str, int]) -> str | None:
    """Return the language of a document by its counts, ISO 639-1.

    Examples
    --------
    >>> get_language({"written": 3, "language: de": 1})
    'de'
    """
    named = (name for name in counts if name.startswith(LANGUAGE_COUNT))
    return next((name.removeprefix(LANGUAGE_COUNT) for name in named), None)


def compute_language_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the share of documents in each language, 0 to 1, the most common first.

    Examples
    --------
    >>> compute_language_shares({"language: de": 1, "language: en": 3})
    {'en': 0.75, 'de': 0.25}
    """
    found = {
        name.removeprefix(LANGUAGE_COUNT): count
        for name, count in counts.items()
        if name.startswith(LANGUAGE_COUNT)
    }
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return {code: count / sum(found.values()) for code, count in ordered}


def add_language(metadata: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """Return metadata whose field `LANGUAGE` is the detected language of the document."""
    language = get_language(counts)
    own = {name: value for name, value in metadata.items() if name != LANGUAGE}
    return own | ({LANGUAGE: language} if language else {})


def sum_fields(parts: Iterable[Fields]) -> Fields:
    """Return the sums of statistics by field.

    Examples
    --------
    >>> part = {"year": Field(2, {"number": 2})}
    >>> sum_fields([part, part])
    {'year': Field(documents=4, types={'number': 4})}
    """
    total = FieldCounts()
    for part in parts:
        for name, field in part.items():
            total.count(name, field.documents, field.types)
    return total.compute_fields()


def walk_fields(metadata: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields that a filter can name and their values; see `FIELD` for names."""
    for key, value in metadata.items():
        name = f"{within}{key}"
        if "." in key or not re.fullmatch(FIELD, key) or name in (ID, *WORDS):
            continue
        yield name, value
        if isinstance(value, Mapping):
            yield from walk_fields(value, f"{name}.")


def normalize_id(text: str) -> str:
    r"""Return the composed form of a text, normalization form C.

    Examples
    --------
    >>> normalize_id("u\u0308ber.txt") == "\u00fcber.txt"
    True
    """
    return unicodedata.normalize("NFC", text)


def list_normal_forms(id_: str) -> list[str]:
    r"""Return the forms in which an id may be stored: as given, composed, and decomposed.

    Examples
    --------
    >>> [len(spelling) for spelling in list_normal_forms("\u00fcber.txt")]
    [8, 9]
    """
    return list(dict.fromkeys([id_, normalize_id(id_), unicodedata.normalize("NFD", id_)]))


def _get_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "list" if value else "null"
    if isinstance(value, str):
        return "date" if parse_period(value) else "text"
    return "null"
