"""Judgments (qrels) from a file and into one: TREC's columns, or BEIR's."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.benchmarks import Qrels
from corpus_tuner.eval.files import write_atomically
from corpus_tuner.eval.ids import decode_id, encode_id, id_problem
from corpus_tuner.eval.queries import refuse
from corpus_tuner.eval.records import (
    WHITE_SPACE,
    BadRecord,
    described,
    read_lines,
    split_columns,
)

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


_BEIR, _TREC = _Columns(0, 1, 2, 3), _Columns(0, 2, 3, 4)


def read_qrels(path: Path, reject: Callable[[BadRecord], None] | None = None) -> Qrels:
    r"""Read judgments.

    Parameters
    ----------
    path
        ``query 0 document grade`` as TREC has it, or ``query document grade`` as BEIR has it, with
        or without a header, which may name further columns. Columns are separated by tabs, by
        commas (as in CSV), or else by white space. In TREC's four columns, and where white space
        separates, ids are decoded (`corpus_tuner.eval.ids.decode_id`). The file may be gzipped,
        or a pipe; ``-`` is standard input.
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
    columns: _Columns | None = None
    commas = False
    for number, (position, line) in enumerate(read_lines(path)):
        row: _Judgment | BadRecord
        if isinstance(line, BadRecord):
            row = line
        else:
            if number == 0:
                commas = "\t" not in line and "," in line and len(line.split()) < 3
            cells = _cells(line, commas)
            if number == 0:
                columns = _header(cells)
                if columns or _is_header(cells):
                    continue
            trec = columns is None and len(cells) == _TREC.width
            literal = not trec and (commas or "\t" in line)
            row = _judgment(position, cells, columns, literal)
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
        raise EvaluationError("; ".join([f"{path} has no judgments", *described(rejected)]))
    return qrels


def write_qrels(qrels: Qrels, path: Path) -> None:
    r"""Write judgments as TREC has them, ``query 0 document grade``, ids percent-encoded.

    Raises
    ------
    EvaluationError
        If the file cannot be written.
    """
    with write_atomically(path) as file:
        for query, grades in qrels.items():
            for document, grade in grades.items():
                file.write(f"{encode_id(query)} 0 {encode_id(document)} {grade}\n")


class _Judgment(NamedTuple):
    """A judgment."""

    query: str
    document: str
    score: int


def _cells(line: str, commas: bool) -> list[str]:
    """Split a row; empty cells at its end, which are no columns, are dropped."""
    line = line.rstrip("\r\n")
    if "\t" in line:
        cells = line.split("\t")
    elif commas:
        cells = next(csv.reader([line]))
    else:
        cells = split_columns(line)
    cells = [cell.strip(WHITE_SPACE) for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _header(cells: Sequence[str]) -> _Columns | None:
    """Return the columns that a first row names; ``None`` if it does not name them."""
    names = [cell.lower() for cell in cells]
    found = [
        next((names.index(name) for name in known if name in names), None)
        for known in _ROLES.values()
    ]
    query, document, score = found
    if query is None or document is None or score is None:
        return None
    return _Columns(query, document, score, len(cells))


def _is_header(cells: Sequence[str]) -> bool:
    """Tell whether a first row has a name where a judgment has a number."""
    if len(cells) not in (_BEIR.width, _TREC.width):
        return False
    try:
        float(cells[-1])
    except ValueError:
        return True
    return False


def _judgment(
    position: str, cells: Sequence[str], columns: _Columns | None, literal: bool
) -> _Judgment | BadRecord:
    """Return what a row says, or what is wrong with it."""
    if columns is None:
        columns = _TREC if len(cells) == _TREC.width else _BEIR
        if len(cells) != columns.width:
            detail = f"it has {len(cells)}"
            return BadRecord(position, "", "not three columns: query, document, score", detail)
    if len(cells) > columns.width or len(cells) <= max(columns[:3]):
        detail = f"{len(cells)} instead of {columns.width}"
        return BadRecord(position, "", "not as many columns as the header", detail)
    grade = cells[columns.score]
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(\.0*)?", grade):
        return BadRecord(position, "score", "not a whole number", repr(grade))
    score = int(float(grade))
    if abs(score) > MAX_GRADE:
        return BadRecord(position, "score", "not a grade", f"{grade}; {MAX_GRADE:,} is the most")
    ids = []
    for name in ("query", "document"):
        id_ = cells[getattr(columns, name)]
        ids.append(id_ if literal else decode_id(id_))
        if problem := id_problem(ids[-1]):
            return BadRecord(position, name, problem, repr(id_))
    return _Judgment(ids[0], ids[1], score)
