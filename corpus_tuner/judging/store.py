"""Queries and grades in a database: every grade is on disk when it has been added."""

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median_low
from typing import NamedTuple

from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.trec.benchmark import Qrels

MODEL_PREFIX = "llm:"
"""Beginning of the names of judges that are language models."""
GRADES = {0: "not relevant", 1: "related", 2: "relevant", 3: "answers the query"}
"""Grades and their meanings."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS queries (id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS grades (
    number INTEGER PRIMARY KEY AUTOINCREMENT, judge TEXT NOT NULL, query TEXT NOT NULL,
    document TEXT NOT NULL, grade INTEGER NOT NULL, note TEXT NOT NULL, seconds REAL NOT NULL,
    UNIQUE (judge, query, document)
) STRICT;
"""


class Grade(NamedTuple):
    """A judge's grade of a document for a query; `seconds` is the time since 1970."""

    judge: str
    query: str
    document: str
    grade: int
    note: str
    seconds: float


class Judgments:
    """Database of queries and grades, which several processes may open at once.

    Parameters
    ----------
    file
        SQLite file, which is made if there is none.

    Raises
    ------
    CorpusTunerError
        If it cannot be opened.

    Examples
    --------
    >>> judgments = Judgments(example_benchmark / "judgments.sqlite")
    >>> judgments.add_queries({"q1": "who owns the mill"})
    >>> judgments.add_grade("ann", "q1", "mill", 3)
    >>> judgments.read_qrels()
    {'q1': {'mill': 3}}
    >>> judgments.undo("ann").document, judgments.read_qrels()
    ('mill', {})
    """

    def __init__(self, file: Path) -> None:
        try:
            # The page's requests are served one after the other, but not in this thread.
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise CorpusTunerError(f"cannot open the judgments {file}: {error}") from error
        self._file = file

    def add_queries(self, queries: Mapping[str, str]) -> None:
        """Add queries.

        Raises
        ------
        EvaluationError
            If one was graded with another text.
        """
        judged = {grade.query for grade in self.read_grades()}
        before = self.read_queries()
        for id_, text in queries.items():
            if id_ in judged and before.get(id_, text) != text:
                raise EvaluationError(
                    f"{self._file} has grades of the query {id_!r} with the text {before[id_]!r}, "
                    f"not {text!r}: name another file with --judgments, or change the id"
                )
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT OR REPLACE INTO queries VALUES (?, ?)", queries.items()
            )

    def read_queries(self) -> dict[str, str]:
        """Return all queries, by id."""
        return dict(self._database.execute("SELECT id, text FROM queries ORDER BY rowid"))

    def add_grade(self, judge: str, query: str, document: str, grade: int, note: str = "") -> None:
        """Add a grade, instead of the judge's earlier one; it is on disk afterwards."""
        self._database.execute(
            "INSERT OR REPLACE INTO grades (judge, query, document, grade, note, seconds) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (judge, query, document, grade, note, time.time()),
        )

    def undo(self, judge: str) -> Grade | None:
        """Remove the last grade of a judge and return it; ``None`` if there is none."""
        removed = self._database.execute(
            "DELETE FROM grades WHERE number = (SELECT max(number) FROM grades WHERE judge = ?) "
            "RETURNING judge, query, document, grade, note, seconds",
            (judge,),
        ).fetchall()
        return Grade(*removed[0]) if removed else None

    def read_grades(self) -> list[Grade]:
        """Return all grades, in the order in which they were made."""
        rows = self._database.execute(
            "SELECT judge, query, document, grade, note, seconds FROM grades ORDER BY number"
        )
        return [Grade(*row) for row in rows]

    def read_qrels(self) -> Qrels:
        """Return the grades of people: of several judges the median, the lower one of two."""
        grades: dict[str, dict[str, list[int]]] = {}
        for grade in self.read_grades():
            if not grade.judge.startswith(MODEL_PREFIX):
                found = grades.setdefault(grade.query, {}).setdefault(grade.document, [])
                found.append(grade.grade)
        return {
            query: {document: median_low(given) for document, given in found.items()}
            for query, found in grades.items()
        }

    def close(self) -> None:
        """Close the database."""
        self._database.close()
