"""Fields: what the metadata of documents has, counted when a segment is written."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus_tuner.core.dates import parse_period

FIELD = r"^[^\".\x00-\x1f\x7f]+(\.[^\".\x00-\x1f\x7f]+)*$"
"""A regular expression that names of fields match: names joined by dots, without quotes in them."""
ID = "id"
"""The field that is no metadata, but the document's id."""
LANGUAGE = "language"
"""The field of the language that a document was found to be in: no metadata, but counted."""
LANGUAGE_COUNT = f"{LANGUAGE}: "
"""Before the ISO 639-1 code, in the counts of a document."""
WORDS = ("and", "or", "not")
"""What a filter means by these is no field."""


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of a field.

    Attributes
    ----------
    documents
        How many have it.
    types
        How many of them have values of a type: ``text``, ``date`` (text that is an ISO 8601 date),
        ``number``, ``boolean``, ``object`` (which has fields of its own), ``list`` (in a list) or
        ``null`` (an empty list, too). A list has the types of its values.
    """

    documents: int
    types: dict[str, int]


Fields = Mapping[str, Field]


class FieldCounts:
    """Counts the fields of documents, one after the other.

    Examples
    --------
    >>> counts = FieldCounts()
    >>> counts.add({"year": 1850, "author": {"name": "Ada"}})
    >>> {name: [*field.types] for name, field in counts.fields().items()}
    {'author': ['object'], 'author.name': ['text'], 'year': ['number']}
    """

    def __init__(self) -> None:
        self._documents: Counter[str] = Counter()
        self._types: dict[str, Counter[str]] = {}

    def add(self, metadata: Mapping[str, Any], counts: Mapping[str, int] | None = None) -> None:
        """Count the fields of a document that a filter can name."""
        for name, value in walk_fields(add_language(metadata, counts or {})):
            self._documents[name] += 1
            values = value if isinstance(value, list | tuple) and value else [value]
            self._types.setdefault(name, Counter()).update({_get_type(one) for one in values})

    def fields(self) -> Fields:
        """Return what was counted, by name."""
        return {
            name: Field(self._documents[name], dict(sorted(types.items())))
            for name, types in sorted(self._types.items())
        }


def get_language(counts: Mapping[str, int]) -> str | None:
    """Return the language of a document by what is counted of it, ISO 639-1.

    Examples
    --------
    >>> get_language({"written": 3, "language: de": 1})
    'de'
    """
    named = (name for name in counts if name.startswith(LANGUAGE_COUNT))
    return next((name.removeprefix(LANGUAGE_COUNT) for name in named), None)


def compute_language_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the share of documents in each language, 0 to 1, the commonest first.

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
    """Return metadata whose field `LANGUAGE` is the language that a document was found to be in."""
    language = get_language(counts)
    own = {name: value for name, value in metadata.items() if name != LANGUAGE}
    return own | ({LANGUAGE: language} if language else {})


def sum_fields(parts: Iterable[Fields]) -> Fields:
    """Return the sum of what was counted, by name.

    Examples
    --------
    >>> part = {"year": Field(2, {"number": 2})}
    >>> sum_fields([part, part])
    {'year': Field(documents=4, types={'number': 4})}
    """
    documents: Counter[str] = Counter()
    types: dict[str, Counter[str]] = {}
    for part in parts:
        for name, field in part.items():
            documents[name] += field.documents
            types.setdefault(name, Counter()).update(field.types)
    return {
        name: Field(documents[name], dict(sorted(types[name].items()))) for name in sorted(types)
    }


def walk_fields(metadata: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields that a filter can name and their values; see `FIELD` for names."""
    for key, value in metadata.items():
        name = f"{within}{key}"
        if "." in key or not re.fullmatch(FIELD, key) or name in (ID, *WORDS):
            continue
        yield name, value
        if isinstance(value, Mapping):
            yield from walk_fields(value, f"{name}.")


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
