"""The two things an index holds: documents, and the views that stand for them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """One entry of a corpus.

    Attributes
    ----------
    id
        Unique in its corpus.
    title
        May be empty.
    text
        May be empty where there is a title.
    metadata
        Whatever else the source said about it; values that JSON can hold.

    Examples
    --------
    >>> Document("mill", "The old mill", "It grinds wheat.", {"year": 1850}).metadata["year"]
    1850
    """

    id: str
    title: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A short text that stands for a document in the index.

    Attributes
    ----------
    document_id
        The document it stands for.
    kind
        ``passage``, ``title``, ``sentence``, ``question``, ``keywords``, ``summary``, ``claim``.
    text
        What is encoded.
    maker
        Who wrote it: ``document`` for the document's own words, else a generator's identity.
    support
        The sentence of the document that it rests on, where a check looked for it.
    invented
        Whether it may say what the document does not.

    Examples
    --------
    >>> View("mill", "title", "The old mill").maker
    'document'
    """

    document_id: str
    kind: str
    text: str
    maker: str = "document"
    support: str = ""
    invented: bool = False


def digest_of(document: Document) -> str:
    """Return a SHA-256 of all that a document has, in hexadecimal: it changes when that does.

    Examples
    --------
    >>> digest_of(Document("a", "", "one")) == digest_of(Document("a", "", "two"))
    False
    """
    parts = (document.id, document.title, document.text, dict(document.metadata))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
