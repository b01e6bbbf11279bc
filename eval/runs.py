"""Runs: what was found for each query, in order, as TREC files hold it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from eval.errors import EvaluationError

Ranking = list[tuple[str, float]]
"""Document ids and scores, best first."""
Run = dict[str, Ranking]
"""For each query id, its ranking."""


def break_ties(ranking: Iterable[tuple[str, float]]) -> Ranking:
    """Order a ranking by score, equal scores by document id, and make all its scores differ.

    Evaluation tools break ties each in its own way, and trec_eval reads scores as float32. Where
    a score does not lie below the one before it, it becomes the next smaller float32, so every
    tool sees the one order.
    """
    strict: Ranking = []
    above = np.float32(np.inf)
    for document, score in sorted(ranking, key=lambda each: (-each[1], each[0])):
        above = min(np.float32(score), np.nextafter(above, np.float32(-np.inf)))
        strict.append((document, float(above)))
    return strict


def write_run(run: Run, path: Path, tag: str) -> None:
    """Write a TREC run file: ``query Q0 document rank score tag``, in one step.

    Raises
    ------
    EvaluationError
        If an id has whitespace in it, which the format cannot hold.
    """
    aside = path.with_name(f"{path.name}.new")
    with aside.open("w", encoding="utf-8") as file:
        for query, ranking in run.items():
            for rank, (document, score) in enumerate(ranking, start=1):
                for what in (query, document):
                    if len(what.split()) != 1:
                        raise EvaluationError(
                            f"the id {what!r} has whitespace in it, which a TREC run cannot hold"
                        )
                file.write(f"{query} Q0 {document} {rank} {np.float32(score)!s} {tag}\n")
    aside.replace(path)
