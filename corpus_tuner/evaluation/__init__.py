"""Evaluation runs: benchmarks in, measured results, TREC runs and a report out.

`named` opens benchmarks, `ladder` and `baselines` rank their documents, `measuring` keeps and
measures the runs (`kept`), `oracle` bounds what weights can reach, `movers` and `reports` tell of
it; `ablation` takes a recipe apart, `runs` compares runs from anywhere.
"""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.evaluation.baselines import Baseline
from corpus_tuner.evaluation.costs import timed_build
from corpus_tuner.evaluation.kept import make_folders
from corpus_tuner.evaluation.measuring import RUNS, Measuring
from corpus_tuner.evaluation.named import open_benchmarks
from corpus_tuner.evaluation.reports import METRICS, report_on, write_report
from corpus_tuner.pipeline import LEDGER, BuildReport, build
from corpus_tuner.settings import Settings, load_settings
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.measures import DEFAULT_MEASURES, deepest
from corpus_tuner.eval.records import BadRecord
from corpus_tuner.eval.report import Cost, Report, Result
from corpus_tuner.eval.report.tables import write_results
from corpus_tuner.indexes.encoders import Encoder, open_encoder
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder

DEPTH = 100
"""Documents in a run: as many as the default measures look at."""

BASELINE = "passage"
"""What systems are compared with: the encoder alone."""


class Evaluation:
    """Results on some benchmarks, with what went into them.

    Attributes
    ----------
    report
        All that was measured.
    builds
        The report of each benchmark's index.
    rejected
        Queries and judgments left out, by benchmark.
    """

    def __init__(
        self,
        report: Report,
        builds: dict[str, BuildReport],
        rejected: dict[str, list[BadRecord]],
    ) -> None:
        self.report = report
        self.builds = builds
        self.rejected = rejected

    @property
    def results(self) -> list[Result]:
        """One for each benchmark and system."""
        return self.report.results


def evaluate(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Settings | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    baselines: Sequence[Baseline] = (),
    compare_with: str = BASELINE,
    home: Path | None = None,
) -> Evaluation:
    """Build the index of each benchmark, or reuse it, and measure what it finds.

    Measured are BM25, each representation that the index holds, the hybrid of the configured one
    and BM25 with the usual weights and with those that calibration chose, the baselines, and last
    what could be reached (`corpus_tuner.evaluation.oracle`): by the best weight of the words,
    ``oracle``, and by the best weights of words and views, ``oracle-2d``, found with the judgments.

    Whatever was built or searched before, from the same things, is not done again.

    Parameters
    ----------
    benchmarks
        As `corpus_tuner.evaluation.named.open_benchmarks` takes them.
    output
        Where ``report.html``, ``summary.md``, ``metrics.json``, ``per_query.csv``,
        ``runs/BENCHMARK.SYSTEM.trec`` and the indexes go.
    settings
        The recipe; by default the default one. Its ``corpus.on_bad_record`` is in force for
        queries and judgments, too.
    encoder
        An open encoder; by default the one that the settings name.
    split
        Which judgments; by default the usual ones of each benchmark, ``test`` for a folder.
    measures
        As `corpus_tuner.eval.measures.measure_queries` takes them; the first is the main one.
    depth
        Documents in each ranking; more where a measure looks deeper.
    baselines
        Further systems.
    compare_with
        The system that others are compared with.
    home
        Where benchmarks that are known by name lie, or go when fetched.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, its index not built, or a measure is unknown.
    """
    settings = settings or load_settings()
    depth = max(depth, deepest(measures))
    output = Path(output)
    loaded, rejected = open_benchmarks(
        benchmarks, split, home, skip=settings.corpus.on_bad_record == "skip"
    )
    make_folders(*(output / each for each in (RUNS, "indexes", "sweeps", "costs")))
    shared = RememberingEncoder(encoder or open_encoder(settings.encoder))
    done: list[Measuring] = []
    costs: list[Cost] = []
    for benchmark in loaded:
        built, cost = _build(benchmark, output, settings, shared)
        index = output / "indexes" / benchmark.name
        measuring = Measuring(benchmark, index, built, shared, settings, output, measures, depth)
        for baseline in baselines:
            measuring.rank_by(baseline)
        measuring.climb()
        if compare_with not in (BASELINE, *measuring.runs):
            raise CorpusTunerError(
                f"there is no system {compare_with!r} to compare with: there are "
                f"{', '.join(measuring.runs)}"
            )
        done.append(measuring)
        costs.append(cost)
        write_results([result for each in done for result in each.results], output / METRICS)
    report = report_on(done, costs, shared, settings, output, measures, compare_with)
    write_report(report, [each.measurement() for each in done], output)
    builds = {each.benchmark.name: each.built for each in done}
    return Evaluation(report, builds, rejected)


def _build(
    benchmark: Benchmark, output: Path, settings: Settings, encoder: RememberingEncoder
) -> tuple[BuildReport, Cost]:
    """Build the index of a benchmark, and tell what it took."""
    index = output / "indexes" / benchmark.name
    return timed_build(
        lambda: build(benchmark.corpus, index, settings, encoder=encoder, ledger=output / LEDGER),
        benchmark.name,
        index,
        output / "costs" / f"{benchmark.name}.json",
    )
