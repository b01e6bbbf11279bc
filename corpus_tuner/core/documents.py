"""Documents, views of documents, and their digests."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus_tuner.core.counts import format_count


@dataclass(frozen=True, slots=True)
class Document:
    """One entry of a corpus.

    Attributes
    ----------
    id
        Identifier, unique in its corpus.
    title
        Title; may be empty.
    text
        Text; may be empty if there is a title.
    metadata
        Other fields of the source, with values that JSON can represent.

    Examples
    --------
    >>> Document("mill", "The old mill", "It grinds wheat.", {"year": 1850}).metadata["year"]
    1850
    """

    id: str
    title: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        title = f", {shorten_text(self.title)}" if self.title else ""
        return f"Document({self.id!r}{title}, {format_count(len(self.text), 'character')})"


@dataclass(frozen=True, slots=True)
class View:
    """A short text that represents a document in the index.

    Attributes
    ----------
    document_id
        Id of the document.
    kind
        ``passage``, ``title``, ``sentence``, ``question``, ``keywords``, ``summary``, ``claim``,
        ``context``.
    text
        Text that is encoded.
    maker
        ``document`` for a part of the document, else the identity of a generator.
    support
        Sentence of the document that supports it, if a check searched for one.
    invented
        Whether it may state what the document does not.

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


def shorten_text(text: str, most: int = 40) -> str:
    """Return the Python literal of a text, shortened to a number of characters.

    Examples
    --------
    >>> shorten_text("The old water mill", 8)
    "'The old…'"
    """
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")


def compute_digest(document: Document) -> str:
    """Return the SHA-256 of all fields of a document, in hexadecimal.

    Examples
    --------
    >>> compute_digest(Document("a", "", "one")) == compute_digest(Document("a", "", "two"))
    False
    """
    parts = (document.id, document.title, document.text, dict(document.metadata))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def add_digests(digest: str, more: Iterable[str]) -> str:
    """Return the digest of a set of documents, "" if it is empty, and of further sets.

    It is the sum of the digests of the documents, in any order (Bellare and Micciancio, "A New
    Paradigm for Collision-Free Hashing", EUROCRYPT 1997). It detects accidental changes, not
    forgeries.

    Examples
    --------
    >>> add_digests("", ["0a", "0b"]) == add_digests(add_digests("", ["0b"]), ["0a"])
    True
    """
    total = int(digest or "0", 16) + sum(int(each, 16) for each in more)
    return f"{total % 2**256:064x}"


def remove_digests(digest: str, gone: Iterable[str]) -> str:
    """Return the digest of a set without some of its documents."""
    return f"{(int(digest, 16) - sum(int(each, 16) for each in gone)) % 2**256:064x}"
