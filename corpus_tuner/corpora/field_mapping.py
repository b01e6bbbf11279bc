"""Drafts of documents: which fields of a record are the id, the title and the text."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.core.records import BadRecord, Issue, Record
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError, setting

AUTO = "auto"
"""Value of `CorpusSettings.id` for ids that are hashes of the records."""
_HASH_DIGITS = 20
"""80 bits: no two of a thousand million records are likely to have the same hash."""
_USUAL_FIELDS = {
    "id": ("_id", "id", "doc_id", "docid"),
    "title": ("title", "titel"),
    "text": ("text", "body", "contents", "content"),
}
ROLES = tuple(_USUAL_FIELDS)
"""Roles of the fields of a record, apart from metadata."""


class Draft(NamedTuple):
    """A document whose values are not checked yet.

    Attributes
    ----------
    location
        Location of the record.
    id, title, text
        Values of these fields, of any type.
    metadata
        All other fields.
    hashed
        Whether the id is a hash of the record.
    names
        Names of the fields of the id, the title and the text in the source.
    """

    location: str
    id: object
    title: object
    text: object
    metadata: Mapping[str, Any]
    hashed: bool = False
    names: Mapping[str, str] = {"id": "id", "title": "title", "text": "text"}


Item = Record | Draft | BadRecord | Issue
"""Type of the items that a source yields."""


def find_field(role: str, names: Iterable[object], settings: CorpusSettings) -> str | None:
    """Return the name of the field that is the id, the title or the text; ``None`` if none is.

    Examples
    --------
    >>> find_field("title", ["ID", "Titel", "Text"], CorpusSettings())
    'Titel'
    """
    names = list(names)
    chosen: str | None = getattr(settings, role)
    if role == "id" and chosen == AUTO:
        return None
    if chosen:
        return chosen if chosen in names else None
    known = {name.lower(): name for name in reversed(names) if isinstance(name, str)}
    return next((known[name] for name in _USUAL_FIELDS[role] if name in known), None)


def check_header(location: str, names: Iterable[str]) -> list[str]:
    """Return the names of the columns of a table; those without one are ``column 1`` and so on.

    Raises
    ------
    CorpusTunerError
        If two columns have the same name.
    """
    header = [name.strip() or f"column {n}" for n, name in enumerate(names, start=1)]
    if len(set(header)) != len(header):
        raise CorpusTunerError(f"{location}: the header names a column more than once: {header}")
    return header


def has_id(record: Record | Draft, settings: CorpusSettings) -> bool:
    """Tell whether a record has an id."""
    if isinstance(record, Draft):
        return True
    name = find_field("id", record.fields, settings)
    return name is not None and record.fields[name] is not None


def make_draft(
    record: Record, settings: CorpusSettings, *, hashed: bool, joined: bool = False
) -> Draft | BadRecord:
    r"""Map the fields of a record to the id, the title, the text and the metadata of a document.

    With `hashed` the id is a hash of the record. With `joined` a record without a text field has
    all its fields as text, one a line.

    Examples
    --------
    >>> record = Record("t.csv:2", {"Nummer": 7, "Ort": "Köln"})
    >>> make_draft(record, CorpusSettings(id="Nummer"), hashed=False, joined=True).text
    'Nummer: 7\nOrt: Köln'
    """
    fields = dict(record.fields)
    found = {role: find_field(role, fields, settings) for role in ROLES}
    if hashed:
        found["id"] = None
    missing = [
        role
        for role, replaceable in (("id", hashed), ("text", joined))
        if not (found[role] or replaceable)
    ]
    names = {
        role: name or getattr(settings, role) or _USUAL_FIELDS[role][0]
        for role, name in found.items()
    }
    if missing:
        return BadRecord(record.location, names[missing[0]], "missing", _advise(fields, missing))
    values = {role: fields.pop(name, None) for role, name in found.items() if name}
    if hashed:
        try:
            values["id"] = hash_record(record.fields)
        except MetadataError as error:
            return BadRecord(record.location, "metadata", error.reason, error.detail)
    elif isinstance(values["id"], int) and not isinstance(values["id"], bool):
        values["id"] = str(values["id"])
    text = values["text"] if "text" in values else _join_fields(record.fields)
    if isinstance(fields.get("metadata"), Mapping):
        fields |= fields.pop("metadata")
    title = "" if values.get("title") is None else values["title"]
    return Draft(record.location, values["id"], title, text, fields, hashed, names)


def _advise(fields: Mapping[str, Any], missing: Sequence[str]) -> str:
    """Return how to name the fields that are missing."""
    present = ", ".join(map(repr, list(fields)[:12])) or "nothing"
    needed = setting({f"corpus.{role}": "..." for role in missing})
    advice = f"it has {present}; name what it is called with {needed}"
    if len(fields) == 1:
        delimiter = setting({"corpus.delimiter": ":"}, "--set corpus.delimiter=':'")
        advice += f", or what separates columns, such as {delimiter}"
    return advice


def make_text_record(location: str, text: str, settings: CorpusSettings) -> Record:
    """Return a record that has only a text."""
    return Record(location, {settings.text or _USUAL_FIELDS["text"][0]: text})


def hash_record(fields: Mapping[str, Any]) -> str:
    """Return a hash of a record: the same in any order of the fields, and on any machine.

    Raises
    ------
    MetadataError
        If the record has values that cannot be stored.

    Examples
    --------
    >>> first, second = {"text": "A mill.", "year": 1850}, {"year": 1850, "text": "A mill."}
    >>> hash_record(first) == hash_record(second)
    True
    """
    whole = json.dumps(convert_metadata(fields), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:_HASH_DIGITS]


def _join_fields(fields: Mapping[str, Any]) -> str:
    lines = []
    for name, value in fields.items():
        if isinstance(value, Mapping | list | tuple):
            value = json.dumps(value, ensure_ascii=False, default=str)
        if value is not None and str(value).strip():
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
