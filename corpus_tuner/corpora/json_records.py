"""JSON: lines, an array, or values one after the other, in bounded memory."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from corpus_tuner.core.encodings import TextReader, open_text
from corpus_tuner.core.records import (
    MAX_LINE_BYTES,
    BadRecord,
    Issue,
    Record,
    name_json_type,
    parse_json,
)
from corpus_tuner.corpora.field_mapping import make_text_record
from corpus_tuner.corpora.settings import CorpusSettings

_AT_ONCE = 1 << 16  # characters that are read
_BROKEN = "broken JSON, and what follows is not read"
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def read(
    path: Path, settings: CorpusSettings, *, one_a_line: bool = False
) -> Iterator[Record | BadRecord | Issue]:
    r"""Read the objects and strings of a file of JSON, a record each.

    A file has one a line if its first line is a whole value; otherwise it is one array, or values
    one after the other.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "corpus.json")
    ...     _ = file.write_text('[\n  {"id": 1, "text": "A mill."},\n  "Bread"\n]\n')
    ...     [record.fields for record in read(file, CorpusSettings())]
    [{'id': 1, 'text': 'A mill.'}, {'text': 'Bread'}]
    """
    encoding = settings.encoding
    has_lines = _has_lines(path, encoding)
    if one_a_line and not has_lines:
        yield Issue(f"{path}:1", "JSON of several lines in a file of JSON lines")
    values = _read_lines(path, encoding) if has_lines else _stream_values(path, encoding)
    for value in values:
        if isinstance(value, BadRecord | Issue):
            yield value
            continue
        location, fields = value
        if isinstance(fields, dict):
            yield Record(location, fields)
        elif isinstance(fields, str):
            yield make_text_record(location, fields, settings)
        else:
            yield BadRecord(location, "", "not a JSON object", name_json_type(fields))


def _has_lines(path: Path, encoding: str | None) -> bool:
    """Tell by its first two lines whether a file has one value a line."""
    with open_text(path, encoding) as text:
        lines = (line.strip() for line in iter(lambda: text.readline(_AT_ONCE), ""))
        first, second = (next(filter(None, lines), "") for _ in range(2))
    if first in ("[", "{"):  # it goes on
        return False
    if first.startswith("["):
        return bool(second) and _is_json_of(list, first)
    if first.startswith("{") and not _is_json_of(dict, first):
        is_json = path.name.removesuffix(".gz").lower().endswith(".json")
        return not is_json or len(first) > _AT_ONCE // 2 or _is_json_of(dict, second)
    return True


def _is_json_of(kind: type, line: str) -> bool:
    try:
        return isinstance(json.loads(line), kind)
    except (ValueError, RecursionError):
        return False


def _read_lines(path: Path, encoding: str | None) -> Iterator[tuple[str, Any] | BadRecord | Issue]:
    """Yield the values of a file with one a line, each with its location."""
    with open_text(path, encoding, newline="\n") as text:
        for number in count(1):
            line = text.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            location = f"{path}:{number}"
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith("\n"):
                    line = text.readline(MAX_LINE_BYTES)
                reason = f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB"
                yield BadRecord(location, "", reason)
            elif line.strip():
                yield from (Issue(location, note) for note in text.take_notes())
                value = parse_json(location, line)
                yield value if isinstance(value, BadRecord) else (location, value)


def _stream_values(
    path: Path, encoding: str | None
) -> Iterator[tuple[str, Any] | BadRecord | Issue]:
    """Yield the elements of an array, or the values, with the lines where they begin."""
    with open_text(path, encoding) as text:
        buffer = _Buffer(text)
        array = buffer.peek() == "["
        if array:
            buffer.skip()
        number, closed = 0, not array
        while char := buffer.peek():
            number += 1
            location = f"{path}:{buffer.line}" + f", element {number}" * array
            try:
                if array and char == "]":
                    buffer.skip()
                    closed = True
                    if buffer.peek():
                        raise ValueError("the array ends before it")
                    return
                if array and number > 1:
                    if char != ",":
                        raise ValueError("a comma is missing")
                    buffer.skip()
                    buffer.peek()
                value = buffer.parse_value()
            except (ValueError, RecursionError) as error:
                detail = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                yield BadRecord(location, "", _BROKEN, detail)
                return
            yield from (Issue(location, note) for note in text.take_notes())
            yield location, value
        if not closed:
            yield BadRecord(f"{path}:{buffer.line}", "", _BROKEN, "the array is not closed")


class _Buffer:
    """Window of characters of a text; those that were parsed are dropped."""

    def __init__(self, text: TextReader) -> None:
        self._text = text
        self._read = ""
        self._at = 0
        self.line = 1

    def peek(self) -> str:
        """Return the next character that is no white space; "" at the end."""
        while True:
            while self._at < len(self._read) and self._read[self._at] in _SPACE:
                self.line += self._read[self._at] == "\n"
                self._at += 1
            if self._at < len(self._read):
                return self._read[self._at]
            if not self._read_more():
                return ""

    def skip(self) -> None:
        """Skip one character."""
        self._at += 1

    def parse_value(self) -> Any:
        """Return the JSON value that begins here.

        Raises
        ------
        ValueError, RecursionError
            If there is none, or none that can be read.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self._read, self._at)
            except json.JSONDecodeError:
                if not self._read_more():
                    raise
                continue
            if end == len(self._read) and self._read_more():  # a number may go on
                continue
            self.line += self._read.count("\n", self._at, end)
            self._at = end
            return value

    def _read_more(self) -> bool:
        left = self._read[self._at :]
        if len(left) > MAX_LINE_BYTES:
            raise ValueError(f"the value is longer than {MAX_LINE_BYTES // 2**20} MiB")
        more = self._text.read(max(_AT_ONCE, len(left)))
        self._read, self._at = left + more, 0
        return bool(more)
