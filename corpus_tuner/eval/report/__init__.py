"""Reports: what was measured, as rows for files (`tables`), charts and one HTML page (`page`).

The models here are all that a report is made of; whoever measures fills them in.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.eval.benchmarks.registry import Reference
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import Measured, averages
from corpus_tuner.eval.trec.significance import Comparison, intervals

if TYPE_CHECKING:
    from pandas import DataFrame


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Frozen):
    """What one system reached on one benchmark.

    Attributes
    ----------
    benchmark, language, system
        Their names; `language` as an ISO 639-1 code.
    documents, queries
        How many were indexed and judged; no documents where only a run is known.
    measures
        Name to value, as fractions.
    seconds
        Spent on searching all the queries, encoding them not included; 0 where only a run is known.
    intervals
        Name of a measure to the bounds of its confidence interval, as fractions.
    p_values
        Name of a measure to the p-value of the difference from the baseline, by the randomisation
        test, corrected by Holm's method for all systems; empty for the baseline itself.
    weights
        Whatever weights the system ranks with.
    uses_labels
        Whether the weights were chosen with the judgments that it is measured by: what could be
        reached, not what can be had.

    Examples
    --------
    >>> from corpus_tuner.eval.trec.benchmark import Benchmark
    >>> from corpus_tuner.eval.trec.measures import measure_queries
    >>> benchmark = Benchmark("tiny", "", {"q1": "wheat"}, {"q1": {"mill": 1}})
    >>> measured = measure_queries(benchmark.qrels, {"q1": [("mill", 1.0)]}, ["nDCG@10"])
    >>> Result.of(benchmark, "mine", measured).measures
    {'nDCG@10': 1.0}
    """

    benchmark: str
    language: str
    system: str
    documents: int
    queries: int
    measures: dict[str, float]
    seconds: float
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    p_values: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    uses_labels: bool = False

    def __repr__(self) -> str:
        name, value = next(iter(self.measures.items()), ("no measure", 0.0))
        return f"Result({self.benchmark!r}, {self.system!r}, {name}={value:.4f})"

    @classmethod
    def of(cls, benchmark: Benchmark, system: str, measured: Measured, **more: Any) -> "Result":
        """Make a result of what was measured; `more` are further fields."""
        return cls(
            **{"language": "", "documents": 0, "seconds": 0.0} | more,
            benchmark=benchmark.name,
            system=system,
            queries=len(measured[next(iter(measured))]),
            measures=averages(measured),
            intervals=intervals(measured),
        )


def read_results(path: Path) -> list[Result]:
    """Read results that were written as a JSON list."""
    return TypeAdapter(list[Result]).validate_json(path.read_text(encoding="utf-8"))


class ShownDocument(_Frozen):
    """A document as a report shows it.

    Attributes
    ----------
    document, title
        Its id and title.
    rank
        From 1.
    grade
        As it was judged; ``None`` if it was not.
    view
        Kind and text of what is nearest to the query; empty where that is not known.
    rankers
        What every ranker adds to its score; empty where that is not known.
    """

    document: str
    title: str = ""
    rank: int
    grade: int | None = None
    view: str = ""
    rankers: str = ""


class Mover(_Frozen):
    """A query that gained or lost much.

    Attributes
    ----------
    benchmark, query, text
        The query's id and text.
    system, baseline
        What is compared.
    value, before
        What they reached, as fractions.
    found, found_before
        The first documents of each.
    relevant
        The relevant documents, at their rank by the system; rank 0 where it did not find them.
    relevant_before
        Their ranks by the baseline, in the same order.
    """

    benchmark: str
    query: str
    text: str
    system: str
    baseline: str
    value: float
    before: float
    found: list[ShownDocument]
    found_before: list[ShownDocument]
    relevant: list[ShownDocument]
    relevant_before: list[int]


class WeightSweep(_Frozen):
    """What every weight of words and n-grams would have reached, by the judgments.

    Attributes
    ----------
    benchmark, measure
        Names.
    points
        Weight and value.
    chosen, reached
        The weight that was chosen without judgments, and its value.
    """

    benchmark: str
    measure: str
    points: list[tuple[float, float]]
    chosen: float
    reached: float


class Cost(_Frozen):
    """What an index took.

    Attributes
    ----------
    benchmark
        Whose.
    documents, views
        How many are in it.
    bytes
        Of its files.
    seconds
        To build it; ``None`` if it was there, or was begun, before.
    peak_bytes
        The most memory that the process had held when it was built; ``None`` as above.
    """

    benchmark: str
    documents: int
    views: int
    bytes: int
    seconds: float | None = None
    peak_bytes: int | None = None


class Report(_Frozen):
    """All of an evaluation.

    Attributes
    ----------
    title
        Stands above all.
    about, terms
        What is measured, in a sentence or two, and what the names mean.
    baseline, system
        What the systems are compared with, and the one that is shown in detail.
    results
        One per benchmark and system.
    comparisons
        Of systems with the baseline.
    gains
        For every benchmark, the difference of system and baseline for every query, largest first.
    movers
        The queries that gained and lost most.
    references
        For every benchmark, what others reported.
    notes
        For every benchmark, what is to be known of it.
    sweeps, costs
        Where they were measured.
    ablation
        What each part brings.
    remarks
        What else the reader must know, such as queries without results.
    settings
        The recipe, as YAML.
    versions
        Of the software, by name.
    command
        What makes this again.
    """

    title: str
    about: str = ""
    terms: dict[str, str] = Field(default_factory=dict)
    baseline: str
    system: str
    results: list[Result]
    comparisons: list[Comparison] = Field(default_factory=list)
    gains: dict[str, list[float]] = Field(default_factory=dict)
    movers: list[Mover] = Field(default_factory=list)
    references: dict[str, list[Reference]] = Field(default_factory=dict)
    notes: dict[str, list[str]] = Field(default_factory=dict)
    sweeps: list[WeightSweep] = Field(default_factory=list)
    costs: list[Cost] = Field(default_factory=list)
    ablation: list[Result] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)
    settings: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    command: str = ""

    def to_dataframe(self) -> "DataFrame":
        """Return the results as a pandas DataFrame (extra ``pandas``).

        Returns
        -------
        DataFrame
            A row per benchmark and system: ``benchmark``, ``language``, ``system``, ``documents``,
            ``queries``; a column per measure, and one with its p-value (``p(MEASURE)``, missing for
            the baseline); ``seconds`` and ``uses_labels``.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.

        Examples
        --------
        >>> result = Result(
        ...     benchmark="mine", language="en", system="bm25", documents=3, queries=1,
        ...     measures={"RR": 0.5}, seconds=0,
        ... )
        >>> report = Report(title="", baseline="bm25", system="bm25", results=[result])
        >>> report.to_dataframe()[["system", "RR"]].to_dict("records")
        [{'system': 'bm25', 'RR': 0.5}]
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise MissingExtraError("a DataFrame", "pandas") from None
        return DataFrame(
            [
                {
                    **result.model_dump(include={"benchmark", "language", "system"}),
                    **result.model_dump(include={"documents", "queries"}),
                    **result.measures,
                    **{f"p({name})": result.p_values.get(name) for name in result.measures},
                    **result.model_dump(include={"seconds", "uses_labels"}),
                }
                for result in self.results
            ]
        )
