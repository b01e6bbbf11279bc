"""Detection of character encodings of files that may not be UTF-8.

In this order: the byte order mark; UTF-8, if the bytes are valid; the encoding that the file or the
user declares; windows-1252, which is valid for any bytes, so that its use has a note.
"""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from corpus_tuner.core.records import open_bytes

_MARKS = (  # UTF-32 first: its mark in little-endian order begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Labels that stand for a superset in practice, as in the WHATWG Encoding Standard.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# Text in these is valid UTF-8 as well, so they are tried before it.
_SEVEN_BIT = ("iso2022", "hz", "utf-7")
_WIDE = ("utf-16", "utf-32")
# Codecs that are no encodings of files, or say nothing about other bytes, as ASCII.
_NO_ENCODINGS = frozenset(
    "ascii idna punycode raw-unicode-escape undefined unicode-escape".split()  # noqa: SIM905
)
_DAMAGED = 100  # a text is damaged, and not in another encoding, if fewer characters are wrong
_INVALID = re.compile("[\udc80-\udcff]")
_VALID = re.compile("[^\x00-\x7f\udc80-\udcff]")
# The five undefined bytes of windows-1252 are control characters, as on the web.
_HIGH = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)}
_REPAIRS = {0xDC00 + byte: character for byte, character in _HIGH.items()}


class Decoded(NamedTuple):
    """A decoded text without a byte order mark, and the reason of a repair, empty if there is none.

    The reason is in words that are the same for all such texts.
    """

    text: str
    note: str = ""


def decode(data: bytes, *declared: str | None) -> Decoded:
    r"""Decode text of a possibly unknown encoding; this never fails.

    Parameters
    ----------
    data
        Bytes of the text.
    declared
        Names of encodings, the most reliable first: that of a header or a ``meta`` element, that of
        the user. Unknown names, and encodings in which the bytes are invalid, are skipped.

    Returns
    -------
    Text, with a note if the bytes are valid neither in UTF-8 nor in a declared encoding.

    Examples
    --------
    >>> decode(b"M\xfchle \x96 2")
    Decoded(text='Mühle – 2', note='not UTF-8: read as windows-1252')
    >>> decode(b"M\xfchle", "iso-8859-1")
    Decoded(text='Mühle', note='')
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Decoded(data.decode(name, "replace"), f"not UTF-8: read as {name.upper()}")
    data = data.removeprefix(codecs.BOM_UTF8)
    known = [codec for label in declared if label and (codec := find_codec(label))]
    names = [name for name in known if b"\0" in data or not name.startswith(_WIDE)]
    early = [name for name in names if name.startswith((*_WIDE, *_SEVEN_BIT))]
    for name in (*early, "utf-8", *names):
        if name == "cp1252":
            return _decode_windows(data, "")
        with suppress(UnicodeDecodeError):
            return Decoded(data.decode(name).removeprefix("\ufeff"))
    for name in (name for name in names if name != "utf-8"):
        text = data.decode(name, "replace")
        if text.count("\ufffd") * _DAMAGED < len(text):
            note = f"damaged {name}: characters that cannot be decoded left out"
            return Decoded(text.replace("\ufffd", ""), note)
    return _decode_windows(data, "not UTF-8: read as windows-1252")


def _decode_windows(data: bytes, note: str) -> Decoded:
    """Decode windows-1252, with a note; and UTF-8 in which few bytes are wrong, as both."""
    text = data.decode("utf-8", "surrogateescape")
    if len(_INVALID.findall(text)) < len(_VALID.findall(text)):
        return Decoded(text.translate(_REPAIRS), "damaged UTF-8: bytes read as windows-1252")
    return Decoded(data.decode("latin-1").translate(_HIGH), note)


def find_codec(label: str) -> str | None:
    """Return Python's name of the text encoding that a label stands for, ``None`` if unknown.

    Examples
    --------
    >>> find_codec("Latin-1"), find_codec("UTF8"), find_codec("x-unknown")
    ('cp1252', 'utf-8', None)
    """
    try:
        codec = codecs.lookup(label.strip().strip("\"'"))
    except (LookupError, ValueError, UnicodeError):
        return None
    if not codec._is_text_encoding or codec.name in _NO_ENCODINGS:
        return None
    return _SUPERSETS.get(codec.name, codec.name)


class TextReader:
    """Reader of an open file whose encoding may be unknown, in constant memory.

    A line that is not UTF-8 is decoded separately, by `decode`, with `encoding` if the user
    gives one. Line ends are not changed.
    """

    def __init__(self, stream: BinaryIO, encoding: str | None = None, newline: str = "") -> None:
        start = stream.peek(4)[:4]  # type: ignore[attr-defined]
        marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
        declared = find_codec(encoding) if encoding else None
        wide = declared if declared and declared.startswith(_WIDE) else None
        errors = "replace" if marked or wide else "surrogateescape"
        self._text = io.TextIOWrapper(stream, marked or wide or "utf-8-sig", errors, newline)
        self._encoding = encoding
        self._notes = [f"not UTF-8: read as {marked.upper()}"] if marked else []

    def readline(self, size: int = -1) -> str:
        """Return the next line with its line end, or at most `size` characters; "" at the end."""
        return self._decode(self._text.readline(size))

    def read(self, size: int) -> str:
        """Return at most `size` characters."""
        return self._decode(self._text.read(size))

    def take_notes(self) -> list[str]:
        """Return the notes on repairs since the last call, without duplicates."""
        notes, self._notes = list(dict.fromkeys(self._notes)), []
        return notes

    def _decode(self, text: str) -> str:
        if text.isascii() or not _INVALID.search(text):
            return text
        decoded = decode(text.encode("utf-8", "surrogateescape"), self._encoding)
        if decoded.note:
            self._notes.append(decoded.note)
        return decoded.text


@contextmanager
def open_text(path: Path, encoding: str | None = None, newline: str = "") -> Iterator[TextReader]:
    r"""Open a text file, which may be gzipped and of any encoding; see `TextReader`.

    Raises
    ------
    CorpusTunerError
        If it cannot be opened or, while the context lasts, cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mills.txt")
    ...     _ = file.write_bytes(b"A mill.\nEine M\xfchle.\n")
    ...     with open_text(file) as text:
    ...         text.readline(), text.readline(), text.take_notes()
    ('A mill.\n', 'Eine Mühle.\n', ['not UTF-8: read as windows-1252'])
    """
    with open_bytes(path) as file:
        yield TextReader(file, encoding, newline)
