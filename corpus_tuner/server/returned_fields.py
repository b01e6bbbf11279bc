"""Selection of the document fields that a response has."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import compile_filter, resolve
from corpus_tuner.indexes.filters.fields import Fields

TEXT_BYTES = 10_000
"""Maximum length, in bytes of UTF-8, of texts that are returned without being requested."""
_PART = r"[^\",.\x00-\x1f\x7f]+"
FIELD_NAME = rf"(title|text|metadata(\.{_PART})*)"
"""A regular expression for the names of fields."""

_METADATA = "metadata."


class ReturnedFields(NamedTuple):
    """Fields of documents that are returned beside their ids.

    Attributes
    ----------
    fields
        ``title``, ``text``, ``metadata``, and ``metadata.NAME`` for one of its fields; ``None`` for
        all.
    text
        Whether their text is returned. ``None``: where `fields` names it, or where there are no
        `fields` and the text has at most `TEXT_BYTES`.

    Examples
    --------
    >>> document = Document("mill", "The old mill", "It grinds.", {"year": 1850, "river": "Ill"})
    >>> ReturnedFields(["title", "metadata.year"]).select(document)
    {'title': 'The old mill', 'metadata': {'year': 1850}}
    """

    fields: Sequence[str] | None = None
    text: bool | None = None

    def select(self, document: Document) -> dict[str, Any]:
        """Return the selected fields of a document, by name."""
        fields = ("title", "text", "metadata") if self.fields is None else self.fields
        selected: dict[str, Any] = {"title": document.title} if "title" in fields else {}
        if self._has_text(document):
            selected["text"] = document.text
        inner = [name.removeprefix(_METADATA) for name in fields if name.startswith(_METADATA)]
        if "metadata" in fields:
            selected["metadata"] = dict(document.metadata)
        elif inner:
            selected["metadata"] = _select_metadata(document.metadata, inner)
        return selected

    def check(self, known: Fields | None) -> None:
        """Check the names of fields.

        Parameters
        ----------
        known
            The fields of an index; without them only the form of the names is checked.

        Raises
        ------
        SearchIndexError
            If no document has a field; the message names those that there are.
        """
        for name in self.fields or ():
            if not re.fullmatch(FIELD_NAME, name):
                raise SearchIndexError(
                    f"{name!r:.80} is none of title, text, metadata and metadata.NAME"
                )
            if known is not None and name.startswith(_METADATA):
                field = name.removeprefix(_METADATA)
                resolve(compile_filter({field: {"exists": True}}), known)

    def _has_text(self, document: Document) -> bool:
        if self.text is not None:
            return self.text
        if self.fields is not None:
            return "text" in self.fields
        return len(document.text.encode()) <= TEXT_BYTES


def _select_metadata(metadata: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return some metadata fields; dotted names select inside of fields."""
    selected = {name: metadata[name] for name in names if name in metadata}
    inside: dict[str, list[str]] = {}
    for name in names:
        outer, _, inner = name.partition(".")
        if inner and outer not in selected and isinstance(metadata.get(outer), Mapping):
            inside.setdefault(outer, []).append(inner)
    nested = {outer: _select_metadata(metadata[outer], names) for outer, names in inside.items()}
    return selected | nested
