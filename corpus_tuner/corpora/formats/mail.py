"""E-mail: subject, all text of the body, and who wrote it to whom and when (extra ``documents``).

Of alternatives the best one is read, of everything else each part: texts between pictures,
forwarded messages, and nested parts of several programs.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from corpus_tuner.core.encodings import decode
from corpus_tuner.corpora.formats import FileNote, ParsedFile, html
from corpus_tuner.text.long_runs import SPACELESS

_PEOPLE = ("from", "to", "cc")
# Text by name, with nothing in it that is written for people.
_NO_TEXT = frozenset(
    "calendar css directory javascript rfc822-headers rtf vcard x-vcard".split()  # noqa: SIM905
)
_WORD = re.compile(rf"[^\W{SPACELESS}]+|\w")
_NEARLY_ALL = 0.8  # a share of words: the rest are addresses, and words cut in two


def read(path: Path, encoding: str | None = None) -> ParsedFile:
    """Read a message, by `encoding` if it is not UTF-8 and declares no other."""
    message = message_from_bytes(path.read_bytes())
    reader = _MessageReader(encoding)
    text = reader.read_text(message)
    metadata: dict[str, Any] = {}
    for name in _PEOPLE:
        if value := reader.read_header(message, name):
            metadata[name] = value
    if date := _parse_date(reader.read_header(message, "date")):
        metadata["date"] = date
    if reader.attachments:
        metadata["attachments"] = reader.attachments
    return ParsedFile(text, reader.read_header(message, "subject"), metadata, tuple(reader.notes))


class _MessageReader:
    """Reader of the parts of one message.

    Attributes
    ----------
    attachments
        Names of attached files.
    notes
        Repairs and omissions.
    """

    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding
        self.attachments: list[str] = []
        self.notes: list[FileNote] = []

    def read_text(self, part: Message) -> str:
        """Return the text of a part of a message, and of all parts in it."""
        return "\n\n".join(filter(None, self._read_parts(part)))

    def read_header(self, part: Message, name: str) -> str:
        """Return a header on one line, "" if there is none; raw bytes in it are decoded."""
        for known, value in part.raw_items():
            if known.lower() == name:
                raw = str(value).encode("utf-8", "surrogateescape")
                return _decode_header(self._decode(raw))
        return ""

    def _read_parts(self, part: Message) -> Iterator[str]:
        kind, subtype = part.get_content_maintype(), part.get_content_subtype()
        if kind == "message" and subtype in ("rfc822", "global") and part.is_multipart():
            for message in _list_parts(part):
                yield self.read_header(message, "subject")
                yield from self._read_parts(message)
        elif part.is_multipart() and subtype == "alternative":
            yield from self._choose_alternatives(_list_parts(part))
        elif part.is_multipart():
            for inner in _list_parts(part):
                attached = inner.get_content_disposition() == "attachment"
                if attached and not inner.is_multipart():
                    self._skip_part(inner)
                else:
                    yield from self._read_parts(inner)
        elif kind == "multipart" or (kind == "text" and subtype not in _NO_TEXT):
            yield self._read_content(part)
        else:
            self._skip_part(part)

    def _choose_alternatives(self, parts: list[Message]) -> Iterator[str]:
        """Yield the first alternative, and others with words that it does not have.

        Usually HTML repeats a plain text. If that is blank, cut, or only refers to the HTML, the
        HTML is the message.
        """
        chosen: list[str] = []
        for text in filter(None, map(self.read_text, parts)):
            if not any(_contains_words(other, text) for other in chosen):
                chosen = [*(other for other in chosen if not _contains_words(text, other)), text]
        yield from chosen

    def _read_content(self, part: Message) -> str:
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        charset = part.get_content_charset()
        if part.get_content_subtype() in ("html", "xhtml"):
            page, note = html.decode_page(data, charset, self._encoding)
            self._add_note(note)
            return html.extract_text(page)
        text = self._decode(data, charset)
        return text.replace("\r\n", "\n").replace("\r", "\n").strip()

    def _decode(self, data: bytes, charset: str | None = None) -> str:
        text, note = decode(data, charset, self._encoding)
        self._add_note(note)
        return text

    def _add_note(self, reason: str, detail: str = "") -> None:
        if reason and (reason, detail) not in self.notes:
            self.notes.append((reason, detail))

    def _skip_part(self, part: Message) -> None:
        name = _decode_header(part.get_filename() or "")
        if name:
            self.attachments.append(name)
        if name or part.get_content_disposition() == "attachment":
            self._add_note("attachments of e-mail", name or part.get_content_type())
        else:
            self._add_note(f"parts of e-mail that are no text, {part.get_content_type()}")


def _list_parts(part: Message) -> list[Message]:
    return [inner for inner in part.get_payload() if isinstance(inner, Message)]


def _contains_words(text: str, other: str) -> bool:
    """Tell whether a text has nearly all words of another one."""
    words = set(_WORD.findall(other.lower()))
    return len(words & set(_WORD.findall(text.lower()))) >= _NEARLY_ALL * len(words)


def _decode_header(header: str) -> str:
    """Return a header on one line, its encoded words (RFC 2047) decoded."""
    unfolded = " ".join(header.split())
    try:
        return " ".join(str(default.header_factory("subject", unfolded)).split())
    except MemoryError:
        raise
    except Exception:  # the parser raises many kinds; the text of a broken header is used
        return unfolded


def _parse_date(header: str) -> str:
    """Return a date in ISO 8601, empty if it is none."""
    try:
        return parsedate_to_datetime(header).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
