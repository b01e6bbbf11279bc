"""Judgments (qrels) from a file and into one: TREC's columns, or BEIR's."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.records import (
    WHITE_SPACE,
    BadRecord,
    csv_delimiter,
    describe_rejected,
    get_display_name,
    read_lines,
    split_columns,
)
from corpus_tuner.core.text_output import write_atomically
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.ids import decode_id, encode_id, id_problem
from corpus_tuner.eval.trec.queries import refuse

MAX_GRADE = 10_000
"""A larger grade is a column of another kind, and takes trec_eval memory in proportion."""

_ROLES = {
    "query": ("query-id", "query_id", "query", "qid", "topic"),
    "document": ("corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "docno", "document", "pid"),
    "score": ("score", "relevance", "rel", "label", "grade"),
}


class _Columns(NamedTuple):
    """Where in a row query, document and score are, and of how many cells it is."""

    query: int
    document: int
    score: int
    width: int


class _Layout(NamedTuple):
    """How the rows of a file are read.

    Attributes
    ----------
    delimiter
        Of CSV; empty where white space separates columns.
    columns
        As the header names them; ``None`` where their number tells.
    """

    delimiter: str = ""
    columns: _Columns | None = None


class _Judgment(NamedTuple):
    """A judgment."""

    query: str
    document: str
    score: int


_BEIR, _TREC = _Columns(0, 1, 2, 3), _Columns(0, 2, 3, 4)


def read_qrels(path: Path, reject: Callable[[BadRecord], None] | None = None) -> Qrels:
    r"""Read judgments.

    Parameters
    ----------
    path
        ``query 0 document grade`` as TREC has it, or ``query document grade`` as BEIR has it, with
        or without a header, which may name further columns. Columns are separated by tabs, or else
        by white space, or as in CSV. In TREC's four columns, and where blanks separate, ids are
        decoded (`corpus_tuner.eval.trec.ids.decode_id`). The file may be gzipped, or a pipe;
        ``-`` is standard input.
    reject
        Called with every record that cannot be used, which is then left out; by default the first
        one is an error.

    Raises
    ------
    EvaluationError
        If the file cannot be read or has no judgments or, without `reject`, a record is bad.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "judgments.qrels")
    ...     _ = file.write_text("q1 0 My%20notes.md 1\n")
    ...     read_qrels(file)
    {'q1': {'My notes.md': 1}}
    """
    qrels: Qrels = {}
    rejected: list[BadRecord] = []
    layout = _Layout()
    for number, (position, line) in enumerate(read_lines(path)):
        if number == 0 and isinstance(line, str):
            layout, is_header = _layout(path, line)
            if is_header:
                continue
        row = line if isinstance(line, BadRecord) else _judgment(position, line, layout)
        if isinstance(row, _Judgment):
            known = qrels.get(row.query, {}).get(row.document, row.score)
            if known == row.score:
                qrels.setdefault(row.query, {})[row.document] = row.score
                continue
            detail = f"{row.query!r}, {row.document!r}: {row.score}, and {known} above"
            row = BadRecord(position, "score", "judged otherwise above", detail)
        rejected.append(row)
        (reject or refuse)(row)
    if not qrels:
        problem = f"{get_display_name(path)} has no judgments"
        raise EvaluationError("; ".join([problem, *describe_rejected(rejected)]))
    return qrels


def write_qrels(qrels: Qrels, path: Path) -> None:
    r"""Write judgments as TREC has them, ``query 0 document grade``, in one step.

    Parameters
    ----------
    qrels
        Judgments, whose ids are percent-encoded (`corpus_tuner.eval.trec.ids.encode_id`).
    path
        The file that is made or replaced.

    Raises
    ------
    EvaluationError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_qrels({"q1": {"My notes.md": 1}}, Path(folder, "judgments.qrels"))
    ...     Path(folder, "judgments.qrels").read_text()
    'q1 0 My%20notes.md 1\n'
    """
    with write_atomically(path) as file:
        for query, grades in qrels.items():
            for document, grade in grades.items():
                file.write(f"{encode_id(query)} 0 {encode_id(document)} {grade}\n")


def _layout(path: Path, line: str) -> tuple[_Layout, bool]:
    """Return how a file is read that begins with a line, and whether this is its header."""
    is_csv = Path(path.name.removesuffix(".gz")).suffix.lower() == ".csv"
    by_white_space = "\t" in line or len(split_columns(line)) in (_BEIR.width, _TREC.width)
    is_csv = is_csv or (not by_white_space and not {",", ";"}.isdisjoint(line))
    delimiter = csv_delimiter(line) if is_csv else ""
    try:
        cells = _cells(line, delimiter)
    except csv.Error:
        return _Layout(delimiter), False
    names = [cell.lower() for cell in cells]
    query, document, score = (
        next((names.index(name) for name in known if name in names), None)
        for known in _ROLES.values()
    )
    if query is not None and document is not None and score is not None:
        return _Layout(delimiter, _Columns(query, document, score, len(cells))), True
    is_header = len(cells) in (_BEIR.width, _TREC.width) and not _is_number(cells[-1])
    return _Layout(delimiter), is_header


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cells(line: str, delimiter: str) -> list[str]:
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


def _judgment(position: str, line: str, layout: _Layout) -> _Judgment | BadRecord:
    """Return what a row says, or what is wrong with it."""
    try:
        cells = _cells(line, layout.delimiter)
    except csv.Error as error:
        return BadRecord(position, "", "broken row", str(error))
    columns = layout.columns or (_TREC if len(cells) == _TREC.width else _BEIR)
    if layout.columns is None and len(cells) != columns.width:
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
    encoded = columns == _TREC or not (layout.delimiter or "\t" in line)
    query, document = (
        decode_id(cells[column]) if encoded else cells[column]
        for column in (columns.query, columns.document)
    )
    for name, id_ in (("query", query), ("document", document)):
        if problem := id_problem(id_):
            return BadRecord(position, name, problem, repr(id_))
    return _Judgment(query, document, int(float(grade)))
