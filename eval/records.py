"""Read files of records line by line, in bounded memory, knowing where every record stands."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from corpus_tuner.errors import EvaluationError

MAX_LINE_BYTES = 64 * 2**20
"""A longer line is no record but a file of another kind, and would have to be held in memory."""


class Record(NamedTuple):
    """A record and where it stands, as ``file:line``."""

    location: str
    fields: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that cannot be used.

    Attributes
    ----------
    location
        Where it stands, as ``file:line``.
    field
        Empty where it is the record as a whole.
    reason
        In words that are the same for all such records, so that they can be counted.
    detail
        What is particular about this one, or what to do about it.
    """

    location: str
    field: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        field = f", field {self.field!r}" if self.field else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.location}{field}: {self.reason}{detail}"


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file that may be gzipped, told by its first bytes.

    Raises
    ------
    EvaluationError
        If it cannot be opened, is UTF-16, or, while the context lasts, cannot be read.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(2)
        if magic in (b"\xff\xfe", b"\xfe\xff"):
            raise EvaluationError(f"{path} is UTF-16: convert it, e.g. iconv -f UTF-16 -t UTF-8")
        with gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise EvaluationError(f"the gzip file {path} is cut or damaged: {error}") from error
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error.strerror or error}") from error


def read_lines(path: Path) -> Iterator[tuple[str, str | BadRecord]]:
    """Read the lines of a UTF-8 file that are not blank, each with its location.

    A line that is not UTF-8 or too long comes as a `BadRecord`.

    Raises
    ------
    EvaluationError
        If the file as a whole cannot be read: not there, UTF-16, a damaged gzip file.
    """
    with open_bytes(path) as file:
        for number in count(1):
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            location = f"{path}:{number}"
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
                reason = f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB"
                yield location, BadRecord(location, "", reason)
            elif line.strip():
                yield location, _decode(location, line)


def read_json_lines(path: Path) -> Iterator[Record | BadRecord]:
    r"""Read a file of JSON objects, one a line; what is none comes as a `BadRecord`.

    Raises
    ------
    EvaluationError
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
    for value in read_json_values(path):
        if isinstance(value, BadRecord):
            yield value
            continue
        location, fields = value
        if isinstance(fields, dict):
            yield Record(location, fields)
        else:
            yield BadRecord(location, "", "not a JSON object", kind_of(fields))


def read_json_values(path: Path) -> Iterator[tuple[str, Any] | BadRecord]:
    """Read a file of JSON values, one a line, each with its location.

    Raises
    ------
    EvaluationError
        As `read_lines` does.
    """
    for location, line in read_lines(path):
        if isinstance(line, BadRecord):
            yield line
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            yield BadRecord(location, "", "broken JSON", f"column {error.colno}: {error.msg}")
        except (RecursionError, ValueError) as error:
            yield BadRecord(location, "", "JSON that cannot be read", str(error))
        else:
            yield location, value


def _decode(location: str, line: bytes) -> str | BadRecord:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = (
            f"byte {error.start + 1} of the line is 0x{line[error.start]:02x}; "
            "convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8"
        )
        return BadRecord(location, "", "not UTF-8", detail)


def kind_of(value: object) -> str:
    """Say what JSON calls a value, with its article.

    Examples
    --------
    >>> kind_of([1, 2])
    'an array'
    """
    if value is None:
        return "null"
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return names.get(type(value), "a number")
