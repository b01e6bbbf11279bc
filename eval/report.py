"""Results as rows, for people's tables and for files."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Result(BaseModel):
    """What one system reached on one benchmark.

    Attributes
    ----------
    benchmark, language, system
        Their names; `language` as an ISO 639-1 code.
    documents, queries
        How many were indexed and judged.
    measures
        Name to value, as fractions.
    seconds
        Spent on searching all the queries, encoding them not included.
    weights
        Whatever weights the system ranks with.
    uses_labels
        Whether the weights were chosen with the judgments that it is measured by: what could be
        reached, not what can be had.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    language: str
    system: str
    documents: int
    queries: int
    measures: dict[str, float]
    seconds: float
    weights: dict[str, float] = Field(default_factory=dict)
    uses_labels: bool = False


def write_results(results: Sequence[Result], path: Path) -> None:
    """Write results as a JSON list, in one step."""
    aside = path.with_name(f"{path.name}.new")
    rows = [result.model_dump() for result in results]
    aside.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)


def matrix(results: Sequence[Result], measure: str) -> list[list[str]]:
    """Lay out one measure, in points of 100: a row for each system, a column for each benchmark.

    Returns
    -------
    list of list of str
        The head, then the rows; with several benchmarks the last column is their average, empty
        where a system is missing on one of them.
    """
    benchmarks = list(dict.fromkeys(result.benchmark for result in results))
    values = {(each.system, each.benchmark): 100 * each.measures[measure] for each in results}
    rows = [["system", *benchmarks, *(["average"] if len(benchmarks) > 1 else [])]]
    for system in dict.fromkeys(result.system for result in results):
        found = [values.get((system, benchmark)) for benchmark in benchmarks]
        there = [each for each in found if each is not None]
        row = [system, *("" if each is None else f"{each:.1f}" for each in found)]
        if len(benchmarks) > 1:
            whole = len(there) == len(benchmarks)
            row.append(f"{sum(there) / len(there):.2f}" if whole else "")
        rows.append(row)
    return rows


def write_markdown(rows: Sequence[Sequence[str]], path: Path) -> None:
    """Write a table whose first column is text and whose others are numbers, in one step."""
    head, *body = rows
    lines = [head, ["---", *(["--:"] * (len(head) - 1))], *body]
    aside = path.with_name(f"{path.name}.new")
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
