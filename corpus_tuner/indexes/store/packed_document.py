"""Documents with their views, packed: compressed, and without texts that stand twice.

Passages, titles and sentences are parts of their document. They are stored as offsets in its title
and text, joined by a space. Offsets are relative to the end of the view before, and views of one
kind and maker are one list, since both compress well.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from corpus_tuner.core.documents import Document, View
from corpus_tuner.encoders import Span
from corpus_tuner.errors import DAMAGED, DamagedError
from corpus_tuner.text.passages import locate_passage
from corpus_tuner.text.quotes import find_quote

_MOST_BYTES = 10**9
"""Maximum size of a document: what SQLite can store, so that few bytes cannot fill the memory."""
DICTIONARY_DOCUMENTS = 64
"""Number of documents that a dictionary is made of."""
_DICTIONARY_BYTES = 2**15
_BROKEN = (zlib.error, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class PackedDocument:
    """A document and its views, unpacked when first needed.

    Parameters
    ----------
    id_, metadata
        Id and metadata, in JSON, of the document.
    contents
        What `pack_contents` returned.
    dictionary
        Dictionary that the contents were compressed with.
    file
        File that they are in, for error messages.

    Raises
    ------
    DamagedError
        If what is read was damaged.
    """

    def __init__(
        self, id_: str, metadata: str, contents: bytes, dictionary: bytes, file: Path
    ) -> None:
        self._id = id_
        self._metadata = metadata
        self._contents = contents
        self._dictionary = dictionary
        self._file = file

    @cached_property
    def document(self) -> Document:
        """The document."""
        title, text, _ = self._parts
        try:
            return Document(self._id, title, text, json.loads(self._metadata))
        except ValueError as error:
            raise self._make_error(error) from error

    @property
    def views(self) -> list[View]:
        """All views, in order."""
        return [*self.select_views().values()]

    def select_views(self, position: int | None = None) -> dict[int, View]:
        """Return the passages and one more view, by position; all views by default.

        All views of a long document would take many times as long.
        """
        try:
            return dict(self._unpack_views(position))
        except _BROKEN as error:
            raise self._make_error(error) from error

    @cached_property
    def _parts(self) -> tuple[str, str, Any]:
        """Title, text, and groups of views."""
        inflate = zlib.decompressobj(zdict=self._dictionary)
        try:
            title, text, groups = json.loads(inflate.decompress(self._contents, _MOST_BYTES))
            if not (inflate.eof and isinstance(title, str) and isinstance(text, str) and groups):
                raise ValueError("it lacks a title, a text or views")
        except _BROKEN as error:
            raise self._make_error(error) from error
        return title, text, groups

    def _unpack_views(self, wanted: int | None) -> Iterator[tuple[int, View]]:
        title, text, groups = self._parts
        whole = f"{title} {text}"
        position = end = 0
        for kind, maker, invented, texts, supports in groups:
            is_passage = kind == "passage"
            for number, packed in enumerate(texts):
                if isinstance(packed, str):
                    own = packed
                else:
                    *front, gap, length = packed
                    start, end = end + gap, end + gap + length
                if wanted is None or is_passage or position == wanted:
                    if not isinstance(packed, str):
                        part = whole[start:end]
                        own = "".join([*front, part]) if is_passage else " ".join(part.split())
                    support = supports[number] if supports else ""
                    yield position, View(self._id, kind, own, maker, support, bool(invented))
                position += 1

    def _make_error(self, error: Exception) -> DamagedError:
        return DamagedError(f"{self._file} is damaged (document {self._id!r}: {error}): {DAMAGED}")


def pack_contents(document: Document, views: Sequence[View], dictionary: bytes = b"") -> bytes:
    """Return title, text and views of a document in as few bytes as that takes."""
    deflate = zlib.compressobj(zdict=dictionary)
    return deflate.compress(_describe(document, views)) + deflate.flush()


def make_dictionary(documents: Iterable[tuple[Document, Sequence[View], Any, Any]]) -> bytes:
    """Return a dictionary for the compression of documents like these."""
    each = _DICTIONARY_BYTES // DICTIONARY_DOCUMENTS
    return b"".join(_describe(document, views)[-each:] for document, views, *_ in documents)


def _describe(document: Document, views: Sequence[View]) -> bytes:
    """Return title, text and views in JSON."""
    whole = f"{document.title} {document.text}"
    groups = []
    end = 0
    for (kind, maker, invented), own in groupby(
        views, lambda view: (view.kind, view.maker, int(view.invented))
    ):
        texts: list[str | list[str | int]] = []
        supports = []
        for view in own:
            supports.append(view.support)
            front, span = _locate(document, whole, view, end)
            if span is None:
                texts.append(view.text)
                continue
            texts.append([*filter(None, [front]), span[0] - end, span[1] - span[0]])
            end = span[1]
        groups.append([kind, maker, invented, texts, supports if any(supports) else []])
    parts = [document.title, document.text, groups]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()


def _locate(document: Document, whole: str, view: View, start: int) -> tuple[str, Span | None]:
    """Return what a view has in front of a part of its document, and the span of that part."""
    if view.maker != "document":
        return "", None
    if view.kind != "passage":
        span = find_quote(whole, view.text, start) or find_quote(whole, view.text)
        return "", span if span and " ".join(whole[slice(*span)].split()) == view.text else None
    at = whole.find(view.text)
    if at >= 0:
        return "", (at, at + len(view.text))
    own = locate_passage(document, view.text)
    if own is None or not view.text.endswith(part := document.text[slice(*own)]):
        return "", None
    shift = len(whole) - len(document.text)
    return view.text.removesuffix(part), (own[0] + shift, own[1] + shift)
