"""The two things an index holds: documents, and the views that stand for them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
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

    def __repr__(self) -> str:
        title = f", {shorten_text(self.title)}" if self.title else ""
        return f"Document({self.id!r}{title}, {len(self.text):,} characters)"


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


def shorten_text(text: str, most: int = 40) -> str:
    """Return the Python literal of a text, cut to so many characters.

    Examples
    --------
    >>> shorten_text("The old water mill", 8)
    "'The old…'"
    """
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")


def compute_digest(document: Document) -> str:
    """Return a SHA-256 of all that a document has, in hexadecimal: it changes when that does.

    Examples
    --------
    >>> compute_digest(Document("a", "", "one")) == compute_digest(Document("a", "", "two"))
    False
    """
    parts = (document.id, document.title, document.text, dict(document.metadata))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class Digests:
    """The digest of a set of documents, to which some can be added, and from which be taken.

    It is the sum of theirs: the same for the same documents in whatever order (Bellare and
    Micciancio, "A New Paradigm for Collision-Free Hashing", EUROCRYPT 1997). It tells accidents,
    not forgeries.

    Examples
    --------
    >>> Digests.add("", ["0a", "0b"]) == Digests.add(Digests.add("", ["0b"]), ["0a"])
    True
    """

    _WHOLE = 2**256

    @classmethod
    def add(cls, digest: str, more: Iterable[str]) -> str:
        """Return the digest of a set, "" being that of none, and some further documents."""
        return cls._format(int(digest or "0", 16) + sum(int(each, 16) for each in more))

    @classmethod
    def remove(cls, digest: str, gone: Iterable[str]) -> str:
        """Return the digest of a set without some of its documents."""
        return cls._format(int(digest, 16) - sum(int(each, 16) for each in gone))

    @classmethod
    def join(cls, digests: Iterable[str]) -> str:
        """Return the digest of several sets together."""
        return cls.add("", digests)

    @classmethod
    def _format(cls, number: int) -> str:
        return f"{number % cls._WHOLE:064x}"
