"""Qrels: relevance judgments in files with TREC's or BEIR's columns."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.delimited import find_delimiter
from corpus_tuner.core.files import write_atomically
from corpus_tuner.core.records import (
    WHITE_SPACE,
    BadRecord,
    describe_rejected,
    get_display_name,
    read_lines,
    split_columns,
)
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.ids import decode_id, encode_id, find_id_problem
from corpus_tuner.eval.trec.queries import raise_bad_record

MAX_GRADE = 10_000
"""A larger grade is a column of another kind, and takes trec_eval memory in proportion."""

_HEADERS = {
    "query": ("query-id", "query_id", "query", "qid", "topic"),
    "document": ("corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "docno", "document", "pid"),
    "score": ("score", "relevance", "rel", "label", "grade"),
}


class _Columns(NamedTuple):
    """Positions of query, document and score in a row, and the number of its cells."""

    query: int
    document: int
    score: int
    width: int


_NUMBER = re.compile(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", re.IGNORECASE)
_BEIR, _TREC = _Columns(0, 1, 2, 3), _Columns(0, 2, 3, 4)


def read_qrels(path: Path, reject: Callable[[BadRecord], None] = raise_bad_record) -> Qrels:
    r"""Read judgments.

    Parameters
    ----------
    path
        File with TREC's columns ``query 0 document grade`` or BEIR's ``query document grade``, with
        or without a header, which may name further columns. Columns are separated by tabs, by white
        space, or as in CSV. In TREC's four columns, and where blanks separate, ids are decoded
        (`corpus_tuner.eval.trec.ids.decode_id`). Gzipped or not, or a pipe; ``-`` is standard
        input.
    reject
        Function called with every bad record, which is then left out; by default it raises an
        error.

    Raises
    ------
    EvaluationError
        If the file cannot be read, has no judgments or, by default, has a bad record.

    Examples
    --------
    >>> file = example_benchmark / "judgments.qrels"
    >>> _ = file.write_text("q1 0 My%20notes.md 1\n")
    >>> read_qrels(file)
    {'q1': {'My notes.md': 1}}
    """
    qrels: Qrels = {}
    rejected: list[BadRecord] = []
    delimiter, columns, is_header = "", None, False
    for number, (position, line) in enumerate(read_lines(path)):
        row: tuple[str, str, int] | BadRecord
        if isinstance(line, BadRecord):
            row = line
        else:
            if number == 0:
                delimiter, columns, is_header = _parse_header(path, line)
                if is_header:
                    continue
            row = _parse_row(position, line, delimiter, columns)
        if not isinstance(row, BadRecord):
            query, document, grade = row
            earlier = qrels.setdefault(query, {}).setdefault(document, grade)
            if earlier == grade:
                continue
            detail = f"{query!r}, {document!r}: {grade}, and {earlier} above"
            row = BadRecord(position, "score", "judged otherwise above", detail)
        rejected.append(row)
        reject(row)
    if not qrels:
        problem = f"{get_display_name(path)} has no judgments"
        raise EvaluationError("; ".join([problem, *describe_rejected(rejected)]))
    return qrels


def write_qrels(qrels: Qrels, path: Path) -> None:
    r"""Write judgments with TREC's columns, ``query 0 document grade``, atomically.

    Ids are percent-encoded (`corpus_tuner.eval.trec.ids.encode_id`).

    Raises
    ------
    CorpusTunerError
        If the file cannot be written.

    Examples
    --------
    >>> write_qrels({"q1": {"My notes.md": 1}}, example_benchmark / "judgments.qrels")
    >>> (example_benchmark / "judgments.qrels").read_text()
    'q1 0 My%20notes.md 1\n'
    """
    with write_atomically(path) as file:
        for query, grades in qrels.items():
            for document, grade in grades.items():
                file.write(f"{encode_id(query)} 0 {encode_id(document)} {grade}\n".encode())


def _parse_header(path: Path, line: str) -> tuple[str, _Columns | None, bool]:
    """Return delimiter and columns of a file by its first line, and whether that is a header.

    The delimiter is empty where white space separates columns; the columns are ``None`` where their
    number tells.
    """
    is_csv = Path(path.name.removesuffix(".gz")).suffix.lower() == ".csv"
    by_white_space = "\t" in line or len(split_columns(line)) in (_BEIR.width, _TREC.width)
    is_csv = is_csv or (not by_white_space and not {",", ";"}.isdisjoint(line))
    delimiter = find_delimiter(line) if is_csv else ""
    try:
        cells = _split_cells(line, delimiter)
    except csv.Error:
        return delimiter, None, False
    names = [cell.lower() for cell in cells]
    query, document, score = (
        next((names.index(name) for name in synonyms if name in names), None)
        for synonyms in _HEADERS.values()
    )
    if query is not None and document is not None and score is not None:
        return delimiter, _Columns(query, document, score, len(cells)), True
    is_header = len(cells) in (_BEIR.width, _TREC.width) and not _NUMBER.fullmatch(cells[-1])
    return delimiter, None, is_header


def _split_cells(line: str, delimiter: str) -> list[str]:
    """Split a row; empty cells at its end, which are no columns, are dropped."""
    line = line.rstrip("\r\n")
    if delimiter:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True))
    else:
        cells = line.split("\t") if "\t" in line else split_columns(line)
    cells = [cell.strip(WHITE_SPACE) for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _parse_row(
    position: str, line: str, delimiter: str, columns: _Columns | None
) -> tuple[str, str, int] | BadRecord:
    """Return query, document and grade of a row, or the reason why it is bad."""
    try:
        cells = _split_cells(line, delimiter)
    except csv.Error as error:
        return BadRecord(position, "", "broken row", str(error))
    by_number = columns is None
    columns = columns or (_TREC if len(cells) == _TREC.width else _BEIR)
    if by_number and len(cells) != columns.width:
        detail = f"it has {len(cells)}; white space in an id is written as %20"
        return BadRecord(position, "", "not three columns: query, document, score", detail)
    if len(cells) > columns.width or len(cells) <= max(columns[:3]):
        detail = f"{len(cells)} instead of {columns.width}"
        return BadRecord(position, "", "not as many columns as the header", detail)
    grade = cells[columns.score]
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(\.0*)?", grade):
        return BadRecord(position, "score", "not a whole number", repr(grade))
    if abs(float(grade)) > MAX_GRADE:
        return BadRecord(position, "score", "not a grade", f"{grade}; {MAX_GRADE:,} is the most")
    encoded = columns == _TREC or not (delimiter or "\t" in line)
    query, document = (
        decode_id(cells[column]) if encoded else cells[column]
        for column in (columns.query, columns.document)
    )
    for name, id_ in (("query", query), ("document", document)):
        if problem := find_id_problem(id_):
            return BadRecord(position, name, problem, repr(id_))
    return query, document, int(float(grade))
