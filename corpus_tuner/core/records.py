"""Files of records, read line by line in bounded memory, each record with its location."""

import gzip
import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BufferedReader
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from corpus_tuner.errors import CorpusTunerError

STANDARD_INPUT = Path("-")
WHITE_SPACE = " \t\r\n\v\f"
"""Separators of the columns of TREC files: the white space of C, and so of trec_eval."""

MAX_LINE_BYTES = 64 * 2**20
"""Maximum length of a line: a longer one is a file of another kind, and would fill the memory."""


class Record(NamedTuple):
    """A record and its location, as ``file:line``."""

    location: str
    fields: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that cannot be used.

    Attributes
    ----------
    location
        Location as ``file:line``.
    field
        Name of the field that cannot be used; empty if that is the whole record.
    reason
        Reason in words that are the same for all such records, so that they can be counted.
    detail
        Details of this record, or a remedy.
    """

    location: str
    field: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        field = f", field {self.field!r}" if self.field else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.location}{field}: {self.reason}{detail}"


class Issue(NamedTuple):
    """A record or file that was left out of a corpus, or is part of it after a repair.

    Attributes
    ----------
    location
        Path, and line if it is a record.
    reason
        Reason in words that are the same for all such records, so that they can be counted.
    detail
        Details of this record.
    repaired
        Whether the record is part of the corpus.
    """

    location: str
    reason: str
    detail: str = ""
    repaired: bool = True

    def __str__(self) -> str:
        return f"{self.location} ({self.detail})" if self.detail else self.location


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file or a pipe for reading, and decompress it if its first bytes are those of gzip.

    The path ``-`` is standard input.

    Raises
    ------
    CorpusTunerError
        If it cannot be opened or, while the context lasts, cannot be read.
    """
    try:
        with _open(path) as file:
            magic = file.peek(2)[:2]
            if magic == b"\x1f\x8b":
                with gzip.open(file) as inner:
                    yield cast(BinaryIO, inner)
            else:
                yield file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CorpusTunerError(f"the gzip file {path} is cut or damaged: {error}") from error
    except OSError as error:
        raise CorpusTunerError(f"cannot read {path}: {error.strerror or error}") from error


def _open(path: Path) -> AbstractContextManager[BufferedReader]:
    if path == STANDARD_INPUT:
        return nullcontext(cast(BufferedReader, sys.stdin.buffer))  # and is not closed
    return path.open("rb")


def read_lines(path: Path) -> Iterator[tuple[str, str | BadRecord]]:
    """Read the lines of a UTF-8 file that are not blank, each with its location.

    A line that is not UTF-8 or too long is a `BadRecord`.

    Raises
    ------
    CorpusTunerError
        If the file as a whole cannot be read: not there, UTF-16, a damaged gzip file.
    """
    name = get_display_name(path)
    with open_bytes(path) as file:
        for number in count(1):
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            location = f"{name}:{number}"
            if number == 1:
                if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise CorpusTunerError(
                        f"{path} is UTF-16: convert it, e.g. iconv -f UTF-16 -t UTF-8"
                    )
                line = line.removeprefix(b"\xef\xbb\xbf")
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
                reason = f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB"
                yield location, BadRecord(location, "", reason)
            elif line.strip():
                yield location, _decode(location, line)


def read_json_lines(path: Path) -> Iterator[Record | BadRecord]:
    r"""Read a file of JSON objects, one a line; other lines are `BadRecord`.

    Raises
    ------
    CorpusTunerError
        As `read_lines` does.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "corpus.jsonl")
    ...     _ = file.write_text('{"_id": "mill"}\n[]\n')
    ...     good, bad = read_json_lines(file)
    >>> good.fields, bad.reason
    ({'_id': 'mill'}, 'not a JSON object')
    """
    for location, line in read_lines(path):
        yield line if isinstance(line, BadRecord) else parse_json_line(location, line)


def split_columns(line: str) -> list[str]:
    r"""Split a line at white space as trec_eval does: not at U+00A0 and the like.

    Examples
    --------
    >>> split_columns("q1 Q0\td1\n")
    ['q1', 'Q0', 'd1']
    """
    return re.findall(f"[^{WHITE_SPACE}]+", line)


def get_display_name(path: Path) -> str:
    """Return the name of a file for messages.

    Examples
    --------
    >>> get_display_name(STANDARD_INPUT), get_display_name(Path("queries.tsv"))
    ('standard input', 'queries.tsv')
    """
    return "standard input" if path == STANDARD_INPUT else str(path)


def parse_json_line(location: str, line: str) -> Record | BadRecord:
    """Parse a line that is a JSON object.

    Examples
    --------
    >>> parse_json_line("queries.jsonl:1", '{"_id": "q1"}').fields
    {'_id': 'q1'}
    """
    value = parse_json(location, line)
    if isinstance(value, BadRecord):
        return value
    if isinstance(value, dict):
        return Record(location, value)
    return BadRecord(location, "", "not a JSON object", name_json_type(value))


def parse_json(location: str, line: str) -> Any:
    """Parse a JSON value; invalid JSON is a `BadRecord`.

    Examples
    --------
    >>> parse_json("corpus.jsonl:1", '"A mill."'), parse_json("corpus.jsonl:2", "{").reason
    ('A mill.', 'broken JSON')
    """
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        return BadRecord(location, "", "broken JSON", f"column {error.colno}: {error.msg}")
    except (RecursionError, ValueError) as error:
        return BadRecord(location, "", "JSON that cannot be read", str(error))


def describe_rejected(rejected: Iterable[BadRecord]) -> list[str]:
    """Describe rejected records: for each reason their number and the location of the first.

    Examples
    --------
    >>> rejected = [BadRecord(f"q.tsv:{line}", "text", "empty") for line in (2, 5)]
    >>> describe_rejected(rejected)
    ["empty: 2, first q.tsv:2, field 'text'"]
    """
    rejected = list(rejected)
    first = {bad.reason: str(bad) for bad in reversed(rejected)}
    counts = Counter(bad.reason for bad in rejected)
    return [
        f"{reason}: {count:,}, first {first[reason].replace(f': {reason}', '', 1)}"
        for reason, count in counts.items()
    ]


def _decode(location: str, line: bytes) -> str | BadRecord:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = (
            f"byte {error.start + 1} of the line is 0x{line[error.start]:02x}; "
            "convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8"
        )
        return BadRecord(location, "", "not UTF-8", detail)


def name_json_type(value: object) -> str:
    """Return the name of the JSON type of a value, with its article.

    Examples
    --------
    >>> name_json_type([1, 2])
    'an array'
    """
    if value is None:
        return "null"
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return names.get(type(value), "a number")
