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
