"""Drafts of documents: which fields of a record are the id, the title and the text."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.core.records import BadRecord, Note, Record
from corpus_tuner.corpora.folder_files import LeftOut
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import setting

AUTO = "auto"
"""Of `CorpusSettings.id`: ids are hashes of the records."""
_HASH_DIGITS = 20
"""80 bits: no two of a thousand million records are likely to have the same hash."""
_USUAL_FIELDS = {
    "id": ("_id", "id", "doc_id", "docid"),
    "title": ("title", "titel"),
    "text": ("text", "body", "contents", "content"),
}
ROLES = tuple(_USUAL_FIELDS)
"""What fields of a record may be, apart from metadata."""
_ID_CHARACTERS = 20  # 80 bits: of a thousand million records, no two are likely to share an id


class Draft(NamedTuple):
    """A document whose values are still to be checked.

    Attributes
    ----------
    location
        Where it stands.
    id, title, text
        Texts, if they are what they should be.
    metadata
        Whatever else there is.
    hashed
        Whether the id is a hash of the record.
    names
        What the source calls the id, the title and the text.
    """

    location: str
    id: object
    title: object
    text: object
    metadata: Mapping[str, Any]
    hashed: bool = False
    names: Mapping[str, str] = {"id": "id", "title": "title", "text": "text"}


Item = Record | Draft | BadRecord | LeftOut | Note
"""What sources yield."""


def field_of(role: str, names: Iterable[object], settings: CorpusSettings) -> str | None:
    """Return which of some fields is the id, the title or the text; ``None`` if none is.

    Examples
    --------
    >>> field_of("title", ["ID", "Titel", "Text"], CorpusSettings())
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


def has_id(record: Record | Draft, settings: CorpusSettings) -> bool:
    """Tell whether a record has an id."""
    if isinstance(record, Draft):
        return True
    name = field_of("id", record.fields, settings)
    return name is not None and record.fields[name] is not None


def draft_of(
    record: Record, settings: CorpusSettings, *, hashed: bool, joined: bool = False
) -> Draft | BadRecord:
    r"""Return the draft of a record.

    Parameters
    ----------
    record
        As a source has it.
    settings
        May name the fields.
    hashed
        Whether the id is a hash of the record.
    joined
        Whether the text of a record without a field for it is all that it has, a line each.

    Examples
    --------
    >>> record = Record("t.csv:2", {"Nummer": 7, "Ort": "Köln"})
    >>> draft_of(record, CorpusSettings(id="Nummer"), hashed=False, joined=True).text
    'Nummer: 7\nOrt: Köln'
    """
    fields = dict(record.fields)
    found = {role: field_of(role, fields, settings) for role in _USUAL_FIELDS}
    if hashed:
        found["id"] = None
    lacking = [
        role for role, able in (("id", hashed), ("text", joined)) if not (found[role] or able)
    ]
    names = {
        role: name or getattr(settings, role) or _USUAL_FIELDS[role][0]
        for role, name in found.items()
    }
    if lacking:
        there = ", ".join(map(repr, list(fields)[:12])) or "nothing"
        needed = setting({f"corpus.{role}": "..." for role in lacking})
        detail = f"it has {there}; name what it is called with {needed}"
        if len(fields) == 1:
            delimiter = setting({"corpus.delimiter": ":"}, "--set corpus.delimiter=':'")
            detail += f", or what separates columns, such as {delimiter}"
        return BadRecord(record.location, names[lacking[0]], "missing", detail)
    values = {role: fields.pop(name, None) for role, name in found.items() if name}
    if hashed:
        try:
            values["id"] = hash_of(record.fields)
        except MetadataError as error:
            return BadRecord(record.location, "metadata", error.reason, error.detail)
    elif isinstance(values["id"], int) and not isinstance(values["id"], bool):
        values["id"] = str(values["id"])
    if "text" not in values:
        values["text"] = _joined(record.fields)
    if isinstance(fields.get("metadata"), Mapping):
        fields |= fields.pop("metadata")
    title = values.get("title")
    return Draft(
        record.location,
        values["id"],
        "" if title is None else title,
        values["text"],
        fields,
        hashed,
        names=names,
    )


def text_record(location: str, text: str, settings: CorpusSettings) -> Record:
    """Return the record of a text that stands by itself."""
    return Record(location, {settings.text or _USUAL_FIELDS["text"][0]: text})


def hash_of(fields: Mapping[str, Any]) -> str:
    """Return a hash of a record: the same in any order of the fields, and on any machine.

    Raises
    ------
    UnfitError
        If the record has what cannot be stored.

    Examples
    --------
    >>> hash_of({"text": "A mill.", "year": 1850}) == hash_of({"year": 1850, "text": "A mill."})
    True
    """
    whole = json.dumps(convert_metadata(fields), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:_HASH_DIGITS]


def _joined(fields: Mapping[str, Any]) -> str:
    lines = []
    for name, value in fields.items():
        if isinstance(value, Mapping | list | tuple):
            value = json.dumps(value, ensure_ascii=False, default=str)
        if value is not None and str(value).strip():
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
