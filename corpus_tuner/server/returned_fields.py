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
    names
        ``title``, ``text``, ``metadata``, and ``metadata.NAME`` for one of its fields; ``None`` for
        all, the text only if it has at most `TEXT_BYTES`.

    Examples
    --------
    >>> document = Document("mill", "The old mill", "It grinds.", {"year": 1850, "river": "Ill"})
    >>> ReturnedFields(["title", "metadata.year"]).select(document)
    {'title': 'The old mill', 'metadata': {'year': 1850}}
    """

    names: Sequence[str] | None = None

    def select(self, document: Document) -> dict[str, Any]:
        """Return the selected fields of a document, by name."""
        names = self.names
        if names is None:
            short = len(document.text.encode()) <= TEXT_BYTES
            names = ("title", "text", "metadata") if short else ("title", "metadata")
        selected = {name: getattr(document, name) for name in ("title", "text") if name in names}
        inner = [name.removeprefix(_METADATA) for name in names if name.startswith(_METADATA)]
        if "metadata" in names:
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
        for name in self.names or ():
            if not re.fullmatch(FIELD_NAME, name):
                raise SearchIndexError(
                    f"{name!r:.80} is none of title, text, metadata and metadata.NAME"
                )
            if known is not None and name.startswith(_METADATA):
                field = name.removeprefix(_METADATA)
                resolve(compile_filter({field: {"exists": True}}), known)


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
