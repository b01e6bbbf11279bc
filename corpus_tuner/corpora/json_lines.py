"""JSON lines: one value a line, in UTF-8 or, with a note, in another encoding."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import MAX_LINE_BYTES, BadRecord, Note, parse_json


def read(path: Path, encoding: str | None = None) -> Iterator[tuple[str, Any] | BadRecord | Note]:
    """Read the values, each with its location; what is no JSON comes as a `BadRecord`.

    Parameters
    ----------
    path
        A file, which may be gzipped.
    encoding
        Of lines that are not UTF-8.

    Raises
    ------
    EvaluationError
        If the file as a whole cannot be read.
    """
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
                yield from (Note(location, note) for note in text.take_notes())
                value = parse_json(location, line)
                yield value if isinstance(value, BadRecord) else (location, value)
