"""Queries in files: BEIR's JSON lines, tab- or comma-separated ids and texts, or plain lines."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from corpus_tuner.core.arguments import is_utf8
from corpus_tuner.core.delimited import find_delimiter, read_rows, uses_quotes
from corpus_tuner.core.records import BadRecord, Issue, parse_json_line, read_lines
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.ids import NOT_UTF8, find_id_problem
from corpus_tuner.indexes.searcher import MAX_QUERY_CHARACTERS

_IDS = ("_id", "id", "query_id", "query-id", "qid")
_TEXTS = ("text", "query")

_Row = tuple[str, list[str] | BadRecord]
_Query = tuple[str, object, object] | BadRecord
"""Position, id and text of a record, not yet validated."""


def raise_bad_record(bad: BadRecord) -> None:
    """Raise a bad record as an error."""
    raise EvaluationError(str(bad))


def read_queries(
    path: Path,
    reject: Callable[[BadRecord], None] = raise_bad_record,
    ids: Container[str] | None = None,
    skip: Callable[[str], object] | None = None,
) -> dict[str, str]:
    r"""Read queries, by id, in the order of the file.

    Parameters
    ----------
    path
        ``.jsonl`` with ``_id`` (or ``id``) and ``text``; ``.tsv`` or ``.csv`` with an id and a
        text, with or without a header (quoted cells as in a corpus); ``.txt``, where each line is
        a query and its number is its id. The first line decides about any other file and standard
        input (``-``). Gzipped or not, or a pipe.
    reject
        Function called with every bad record, which is then left out; by default it raises an
        error.
    ids
        Ids to read; others are skipped. By default all.
    skip
        Function called with every id that is skipped.

    Raises
    ------
    EvaluationError
        If the file cannot be read or, by default, has a bad record.

    Examples
    --------
    >>> file = example_benchmark / "queries.tsv"
    >>> _ = file.write_text("q1\twho owns the mill\n")
    >>> read_queries(file)
    {'q1': 'who owns the mill'}
    """
    queries: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for record in _read_records(path):
        if isinstance(record, BadRecord):
            reject(record)
            continue
        position, query, text = record
        if not isinstance(query, str | int) or isinstance(query, bool) or query == "":
            reject(BadRecord(position, "_id", "missing, or neither text nor a number"))
            continue
        query = str(query).strip()
        if problem := find_id_problem(query):
            reject(BadRecord(position, "_id", problem))
            continue
        if ids is not None and query not in ids:
            if skip is not None:
                skip(query)
            continue
        seen[query] += 1
        if problem := _find_text_problem(text):
            reject(BadRecord(position, "text", problem))
        elif seen[query] > 1:
            reject(BadRecord(position, "_id", "duplicate id", repr(query)))
        else:
            queries[query] = str(text)
    return queries


def _find_text_problem(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        return "missing or empty"
    if not is_utf8(text):
        return NOT_UTF8
    if len(text) > MAX_QUERY_CHARACTERS:
        return f"longer than {MAX_QUERY_CHARACTERS} characters"
    return ""


def _read_records(path: Path) -> Iterator[_Query]:
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    if kind == ".tsv" and path.is_file() and uses_quotes(path, "\t"):
        yield from _read_rows(_read_quoted_rows(path), "\t")
        return
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        return
    if kind not in (".jsonl", ".ndjson", ".tsv", ".csv", ".txt"):
        kind = _guess_suffix(str(first[1]))
    lines = chain([first], lines)
    if kind in (".tsv", ".csv"):
        delimiter = "\t" if kind == ".tsv" else find_delimiter(str(first[1]))
        yield from _read_rows(_split_rows(lines, delimiter), delimiter)
        return
    parse = _parse_plain_line if kind == ".txt" else _parse_json
    for position, line in lines:
        yield line if isinstance(line, BadRecord) else parse(position, line)


def _guess_suffix(line: str) -> str:
    """Return the suffix of files that begin with a line."""
    if line.lstrip().startswith("{"):
        return ".jsonl"
    if "\t" in line:
        return ".tsv"
    names = re.split("[,;]", line.strip().lower())
    return ".csv" if _is_header(names) else ".txt"


def _is_header(names: Sequence[str]) -> bool:
    return not {*_IDS}.isdisjoint(names) and not {*_TEXTS}.isdisjoint(names)


def _parse_json(position: str, line: str) -> _Query:
    record = parse_json_line(position, line)
    if isinstance(record, BadRecord):
        return record
    fields = {name.lower(): value for name, value in reversed(record.fields.items())}
    return position, _get_first(fields, _IDS), _get_first(fields, _TEXTS)


def _parse_plain_line(position: str, line: str) -> _Query:
    return position, position.rpartition(":")[2], line.strip()


def _split_rows(lines: Iterable[tuple[str, str | BadRecord]], delimiter: str) -> Iterator[_Row]:
    """Split one row per line; only CSV has quotation marks."""
    for position, line in lines:
        if isinstance(line, BadRecord) or delimiter == "\t":
            yield position, line if isinstance(line, BadRecord) else line.split(delimiter)
            continue
        row = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True)
        try:
            yield position, next(row)
        except csv.Error as error:
            yield position, BadRecord(position, "", "broken row", f"{error}; a query is one line")


def _read_quoted_rows(path: Path) -> Iterator[_Row]:
    """Read the rows of tab-separated text with quoted cells; those that are not UTF-8 are bad."""
    repaired = ""
    for row in read_rows(path, "\t", quoted=True):
        if isinstance(row, Issue):
            repaired = row.location
            yield row.location, BadRecord(row.location, "", NOT_UTF8)
        elif row.location != repaired:
            yield row.location, row if isinstance(row, BadRecord) else row.cells


def _read_rows(rows: Iterator[_Row], delimiter: str) -> Iterator[_Query]:
    """Read id and text of every row; the first row may be a header.

    Without a header, the text of a row of TSV extends to the end of the line.
    """
    header: list[str] | None = None
    for number, (position, row) in enumerate(rows):
        if isinstance(row, BadRecord):
            yield row
            continue
        cells = [cell.strip() for cell in row]
        names = [cell.lower() for cell in cells]
        if number == 0 and _is_header(names):
            header = names
        elif header is not None:
            fields = dict(zip(header, cells, strict=False))
            yield position, _get_first(fields, _IDS), _get_first(fields, _TEXTS)
        elif len(cells) > 2 and delimiter != "\t":
            yield BadRecord(position, "", "not two columns: id, text", f"it has {len(cells)}")
        else:
            yield position, cells[0], delimiter.join(cells[1:])


def _get_first(fields: Mapping[str, object], names: Sequence[str]) -> object:
    return next((fields[name] for name in names if name in fields), None)
