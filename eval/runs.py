"""Runs: what was found for every query, in order, as TREC files hold it."""

import heapq
from collections.abc import Iterable, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.files import write_atomically
from corpus_tuner.eval.records import BadRecord, read_lines

Ranking = list[tuple[str, float]]
"""Document ids and scores, best first."""
Run = dict[str, Ranking]
"""For every query id, its ranking."""


def break_ties(ranking: Iterable[tuple[str, float]]) -> Ranking:
    """Order a ranking by score, equal scores by document id, and make all its scores differ.

    Evaluation tools break ties each in its own way, and trec_eval reads scores as float32. Where
    a score does not lie below the one before it, it becomes the next smaller float32, so every
    tool sees the one order.

    Examples
    --------
    >>> [document for document, _ in break_ties([("b", 0.5), ("a", 0.5), ("c", 0.75)])]
    ['c', 'a', 'b']
    """
    strict: Ranking = []
    above = np.float32(np.inf)
    for document, score in sorted(ranking, key=lambda pair: (-pair[1], pair[0])):
        above = min(np.float32(score), np.nextafter(above, np.float32(-np.inf)))
        strict.append((document, float(above)))
    return strict


class Leaders:
    """The best documents so far for one query, where documents come in parts.

    Parameters
    ----------
    size
        How many are kept.

    Examples
    --------
    >>> import numpy as np
    >>> leaders = Leaders(2)
    >>> leaders.add(["a", "b"], np.array([0.25, 0.5]))
    >>> leaders.add(["c"], np.array([0.75]))
    >>> leaders.ranking()
    [('c', 0.75), ('b', 0.5)]
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._best: Ranking = []

    def add(self, ids: Sequence[str], scores: npt.NDArray[np.floating[Any]]) -> None:
        """Take in the documents that are good enough; `scores` has shape (documents,)."""
        size = min(self._size, len(scores))
        least = np.partition(scores, len(scores) - size)[len(scores) - size]
        (good,) = np.nonzero(scores >= least)
        new = [(ids[position], float(scores[position])) for position in good.tolist()]
        # Ties go to the smaller id, as everywhere.
        both = [*self._best, *new]
        self._best = heapq.nsmallest(self._size, both, key=lambda pair: (-pair[1], pair[0]))

    def ranking(self) -> Ranking:
        """Return ids and scores, best first."""
        return self._best


def read_run(path: Path) -> Run:
    """Read a TREC run file: ``query Q0 document rank score tag``; it may be gzipped.

    Ranks are not trusted: trec_eval goes by scores, too. Ties are broken by document id.

    Raises
    ------
    EvaluationError
        If a line does not fit, or a document comes twice for a query.
    """
    found: dict[str, dict[str, float]] = {}
    known: dict[str, str] = {}  # every id once in memory, however many rankings have it
    for position, line in read_lines(path):
        if isinstance(line, BadRecord):
            raise EvaluationError(str(line))
        cells = line.split()
        if len(cells) not in (5, 6):
            raise EvaluationError(
                f"{position}: not a TREC run, whose columns are query Q0 document rank score tag"
            )
        query, _, document, _, written = cells[:5]
        try:
            score = float(written)
        except ValueError:
            score = nan
        if not isfinite(score):
            raise EvaluationError(f"{position}: the score is no number ({written!r})")
        ranking = found.setdefault(query, {})
        if document in ranking:
            raise EvaluationError(f"{position}: {document!r} comes twice for the query {query!r}")
        ranking[known.setdefault(document, document)] = score
    return {query: break_ties(ranking.items()) for query, ranking in found.items()}


def without_self(run: Run) -> Run:
    """Leave out of every ranking the document that is the query itself, by its id.

    Examples
    --------
    >>> without_self({"a": [("a", 1.0), ("b", 0.5)]})
    {'a': [('b', 0.5)]}
    """
    return {query: [pair for pair in ranking if pair[0] != query] for query, ranking in run.items()}


def write_run(run: Run, path: Path, tag: str) -> None:
    """Write a TREC run file: ``query Q0 document rank score tag``, in one step.

    Raises
    ------
    EvaluationError
        If an id has whitespace in it, which the format cannot hold.
    """
    with write_atomically(path) as file:
        for query, ranking in run.items():
            for rank, (document, score) in enumerate(ranking, start=1):
                for id_ in (query, document):
                    if len(id_.split()) != 1:
                        raise EvaluationError(
                            f"the id {id_!r} has whitespace in it, which a TREC run cannot hold"
                        )
                file.write(f"{query} Q0 {document} {rank} {np.float32(score)!s} {tag}\n")
