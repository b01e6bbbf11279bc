"""Reports of evaluations: their data, and their files (tables, charts, one HTML page)."""

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from corpus_tuner.building.report import BuildReport
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.html_tables import render_html_table
from corpus_tuner.eval.benchmarks.registry import Reference
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import MeasuredRun, average_queries
from corpus_tuner.eval.trec.significance import Comparison, bootstrap_interval

if TYPE_CHECKING:
    from pandas import DataFrame


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Frozen):
    """Measures of one system on one benchmark.

    Attributes
    ----------
    benchmark, language, system
        Name of the benchmark, its language (ISO 639-1), name of the system.
    documents, queries
        Number of indexed documents (0 where only a run is known) and of judged queries.
    measures
        Values by name, as fractions.
    seconds
        Time to search all queries, without encoding them; 0 where only a run is known.
    intervals
        Bounds of the 95 % confidence interval of every measure, as fractions.
    p_values
        p-value of every measure's difference from the baseline, by the randomisation test,
        corrected by Holm's method for all systems; empty for the baseline itself.
    weights
        Ranker weights of the system.
    uses_labels
        Whether the weights were chosen with the judgments: an upper bound, not a result.

    Examples
    --------
    >>> from corpus_tuner.eval.trec.benchmark import Benchmark
    >>> from corpus_tuner.eval.trec.measures import measure_queries
    >>> benchmark = Benchmark("tiny", "", {"q1": "wheat"}, {"q1": {"mill": 1}})
    >>> measured = measure_queries(benchmark.qrels, {"q1": [("mill", 1.0)]}, ["nDCG@10"])
    >>> Result.from_queries(benchmark, "mine", measured).measures
    {'nDCG@10': 1.0}
    """

    benchmark: str
    language: str = ""
    system: str
    documents: int = 0
    queries: int
    measures: dict[str, float]
    seconds: float = 0.0
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    p_values: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    uses_labels: bool = False

    def __repr__(self) -> str:
        name, value = next(iter(self.measures.items()), ("no measure", 0.0))
        return f"Result({self.benchmark!r}, {self.system!r}, {name}={value:.4f})"

    @classmethod
    def from_queries(
        cls, benchmark: Benchmark, system: str, measured: MeasuredRun, **more: Any
    ) -> "Result":
        """Return the result of a measured run; `more` are further attributes."""
        return cls(
            benchmark=benchmark.name,
            system=system,
            queries=len(benchmark.qrels),
            measures=average_queries(measured),
            intervals={
                name: bootstrap_interval(np.array(list(values.values())))
                for name, values in measured.items()
            },
            **more,
        )


class ShownDocument(_Frozen):
    """A document of a ranking.

    Attributes
    ----------
    document, title
        Id and title.
    rank
        Rank from 1; 0 where the document was not retrieved.
    grade
        Grade of its judgment; ``None`` without one.
    view
        Kind and text of the view nearest to the query; empty where unknown.
    rankers
        Contribution of every ranker to the score; empty where unknown.
    """

    document: str
    title: str = ""
    rank: int = 0
    grade: int | None = None
    view: str = ""
    rankers: str = ""


class QueryChange(_Frozen):
    """A query on which system and baseline differ much.

    Attributes
    ----------
    benchmark, query, text
        Name of the benchmark, id and text of the query.
    value, before
        Values of system and baseline, as fractions.
    found, found_before
        First documents of each.
    relevant
        Relevant documents with their ranks by the system.
    relevant_before
        Ranks of the same documents by the baseline.
    """

    benchmark: str
    query: str
    text: str
    value: float
    before: float
    found: list[ShownDocument]
    found_before: list[ShownDocument]
    relevant: list[ShownDocument]
    relevant_before: list[int]


class WeightSweep(_Frozen):
    """Values of one measure by the weight of the lexical rankers.

    Attributes
    ----------
    benchmark, measure
        Names.
    points
        Pairs of weight and value.
    chosen, reached
        Weight chosen by calibration, and its value.
    """

    benchmark: str
    measure: str
    points: list[tuple[float, float]]
    chosen: float
    reached: float


class IndexCost(_Frozen):
    """Size and build time of a benchmark's index.

    Attributes
    ----------
    benchmark
        Name of the benchmark.
    documents, views
        Number of documents and views.
    bytes
        Size on disk.
    seconds
        Build time; ``None`` for an index that existed, in part or as a whole.
    peak_bytes
        Peak memory of the process after the build; ``None`` as above.
    """

    benchmark: str
    documents: int
    views: int
    bytes: int
    seconds: float | None = None
    peak_bytes: int | None = None


class Report(_Frozen):
    """Report of an evaluation.

    Attributes
    ----------
    title
        Headline.
    about, terms
        Description of the evaluation, and of the systems and rankers by name.
    baseline, system
        Names of the baseline and of the system that is shown in detail.
    results
        One result per benchmark and system.
    comparisons
        Significance tests of systems and baseline.
    gains
        Differences of system and baseline for every query, in descending order, by benchmark.
    query_changes
        Queries that gained and lost most.
    references, notes
        Published figures and pitfalls, by benchmark.
    sweeps, costs
        Weight sweeps and index costs, where measured.
    remarks
        Warnings for the reader, such as queries without results.
    settings
        Recipe, as YAML.
    versions
        Versions of the software, by name.
    command
        Command that repeats the evaluation.
    per_query
        Measures of every query, by benchmark and system; not part of ``report.json``.
    builds
        Report of every benchmark's build, by name; not part of ``report.json``.
    """

    title: str
    about: str = ""
    terms: dict[str, str] = Field(default_factory=dict)
    baseline: str
    system: str
    results: list[Result]
    comparisons: list[Comparison] = Field(default_factory=list)
    gains: dict[str, list[float]] = Field(default_factory=dict)
    query_changes: list[QueryChange] = Field(default_factory=list)
    references: dict[str, list[Reference]] = Field(default_factory=dict)
    notes: dict[str, list[str]] = Field(default_factory=dict)
    sweeps: list[WeightSweep] = Field(default_factory=list)
    costs: list[IndexCost] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)
    settings: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    command: str = ""
    per_query: dict[str, dict[str, MeasuredRun]] = Field(default_factory=dict, exclude=True)
    builds: dict[str, BuildReport] = Field(default_factory=dict, exclude=True)

    def __repr__(self) -> str:
        return f"Report({len(self.results)} results of {', '.join(self.by_benchmark)})"

    def _repr_html_(self) -> str:
        measures = list(dict.fromkeys(name for one in self.results for name in one.measures))
        rows = (
            (
                one.benchmark,
                one.system,
                *(f"{one.measures[name]:.4f}" if name in one.measures else "" for name in measures),
            )
            for one in self.results
        )
        return render_html_table(["benchmark", "system", *measures], rows)

    @property
    def by_benchmark(self) -> dict[str, list[Result]]:
        """Results by the name of the benchmark."""
        grouped: dict[str, list[Result]] = {}
        for result in self.results:
            grouped.setdefault(result.benchmark, []).append(result)
        return grouped

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
        >>> result = Result(benchmark="mine", system="bm25", queries=1, measures={"RR": 0.5})
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


def find_best(results: list[Result], measure: str) -> float | None:
    """Return the best value of a measure among results that used no labels."""
    return max((one.measures[measure] for one in results if not one.uses_labels), default=None)
