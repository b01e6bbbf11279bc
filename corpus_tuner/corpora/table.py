"""CSV and TSV files with a header row; columns that are not named become metadata."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.records import MAX_LINE_BYTES, BadRecord, Record, open_bytes


def read(path: Path, delimiter: str) -> Iterator[Record | BadRecord]:
    """Read the rows, each with the number of the line at which it ends.

    Bytes that are not UTF-8 come through as surrogates, which no checked document may have.

    Raises
    ------
    CorpusTunerError
        If there is no header, or it names a column twice.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        while True:
            try:
                row = next(rows)
            except StopIteration:
                break
            except csv.Error as error:
                # The reader cannot find the start of the next row after this.
                raise CorpusTunerError(
                    f"{path}:{rows.line_num}: broken table ({error}): mend this line"
                ) from error
            location = f"{path}:{rows.line_num}"
            if header is None:
                header = [name.strip() for name in row]
                if len(set(header)) != len(header) or "" in header:
                    raise CorpusTunerError(
                        f"{location}: the header must name every column, and each once: {row}"
                    )
            elif not any(row):
                continue
            elif len(row) != len(header):
                detail = f"{len(row)} instead of {len(header)}"
                yield BadRecord(location, "", "not as many cells as the header", detail)
            else:
                yield Record(location, dict(zip(header, row, strict=True)))
    if header is None:
        raise CorpusTunerError(f"{path} is empty: the first line must name the columns")
