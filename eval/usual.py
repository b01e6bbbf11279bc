"""The usual measures, as trec_eval has them; a test holds them to that, query by query.

What computes them elsewhere, pytrec_eval, asks for SciPy, which is larger than all that searches.
"""

import re
from collections.abc import Mapping, Sequence
from math import log2
from typing import NamedTuple

_NAME = re.compile(r"(\w+)(?:@([1-9]\d*))?")
_NEED_CUTOFF = ("P", "R")


class Measure(NamedTuple):
    """One of the usual measures.

    Attributes
    ----------
    family
        ``nDCG``, ``RR``, ``R``, ``P`` or ``AP``.
    cutoff
        How deep into a ranking it looks; to its end by default.
    """

    family: str
    cutoff: int | None = None

    def __str__(self) -> str:
        return f"{self.family}@{self.cutoff}" if self.cutoff else self.family

    def value(self, grades: Mapping[str, int], ranking: Sequence[str]) -> float:
        """Return what a ranking of ids reaches, given the grades of documents for the query."""
        found = [max(0, grades.get(document, 0)) for document in ranking[: self.cutoff]]
        ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
        if not ideal:
            return 0.0
        return _FAMILIES[self.family](found, ideal, self.cutoff)


def usual_measure(name: str) -> Measure | None:
    """Return the measure of a name, if it is one of the usual.

    Examples
    --------
    >>> usual_measure("nDCG@10"), usual_measure("R"), usual_measure("infAP")
    (Measure(family='nDCG', cutoff=10), None, None)
    """
    parts = _NAME.fullmatch(name)
    if parts is None or parts[1] not in _FAMILIES or (not parts[2] and parts[1] in _NEED_CUTOFF):
        return None
    return Measure(parts[1], int(parts[2]) if parts[2] else None)


def _ndcg(found: Sequence[int], ideal: Sequence[int], cutoff: int | None) -> float:
    return _dcg(found) / _dcg(ideal[:cutoff])


def _dcg(grades: Sequence[int]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _rr(found: Sequence[int], ideal: Sequence[int], cutoff: int | None) -> float:
    return next((1 / rank for rank, grade in enumerate(found, 1) if grade), 0.0)


def _recall(found: Sequence[int], ideal: Sequence[int], cutoff: int | None) -> float:
    return sum(map(bool, found)) / len(ideal)


def _precision(found: Sequence[int], ideal: Sequence[int], cutoff: int | None) -> float:
    return sum(map(bool, found)) / (cutoff or len(found))


def _ap(found: Sequence[int], ideal: Sequence[int], cutoff: int | None) -> float:
    ranks = [rank for rank, grade in enumerate(found, 1) if grade]
    return sum(number / rank for number, rank in enumerate(ranks, 1)) / len(ideal)


_FAMILIES = {"nDCG": _ndcg, "RR": _rr, "R": _recall, "P": _precision, "AP": _ap}
"""Of functions of the grades of what was found, and of all that is relevant, greatest first."""
