"""The two things an index holds: documents, and the views that stand for them."""

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
    score
        How good its maker thinks it is, higher being better; ``None`` where it has no opinion.
    support
        The sentence of the document that it rests on, where a check looked for it.
    invented
        Whether it may say what the document does not.
    """

    document_id: str
    kind: str
    text: str
    maker: str = "document"
    score: float | None = None
    support: str = ""
    invented: bool = False
