"""Running all systems on a benchmark: cached runs, their measures, and the benchmark's report."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from corpus_tuner.building.report import BuildReport
from corpus_tuner.core.files import write_text
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.baselines import Baseline, BaselineInput
from corpus_tuner.eval.oracle import choose_best, get_lexical_share, sweep_cached
from corpus_tuner.eval.report import IndexCost, Report, Result, WeightSweep
from corpus_tuner.eval.report.assembly import choose_main_system, format_ids, report_benchmark
from corpus_tuner.eval.setup import Setup
from corpus_tuner.eval.systems import OpenIndex, System, explain_missing_systems, list_systems
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import MeasuredRun, measure_queries
from corpus_tuner.eval.trec.runs import Run, read_run, remove_query_documents, write_run

ORACLES = ("oracle", "oracle-all")
"""Systems whose weights were chosen with the judgments."""

BASELINE = "passage"
"""Default baseline: dense search by the passages."""


def run_systems(
    benchmark: Benchmark,
    built: BuildReport,
    cost: IndexCost,
    setup: Setup,
    baselines: Sequence[Baseline] = (),
    compare_with: str = BASELINE,
) -> Report:
    """Rank by all systems and measure, with runs of the same inputs taken from files.

    Raises
    ------
    CorpusTunerError
        If two systems have one name, there is no system `compare_with`, or no judged document is in
        the index.
    """
    name = benchmark.name
    index_path = setup.index or setup.path("indexes", name)
    with OpenIndex(index_path, setup.encoder, benchmark.queries) as index:
        remarks = _check_judged_documents(benchmark, index)
        runner = _Runner(benchmark, index, setup)
        for baseline in baselines:
            runner.run_baseline(baseline, built.language)
        runner.run_index_systems()
        if missing := explain_missing_systems(index.manifest):
            remarks.append(f"{name}: {missing}")
        if compare_with not in (BASELINE, *runner.runs):
            raise CorpusTunerError(
                f"there is no system {compare_with!r} to compare with: there are "
                f"{', '.join(runner.runs)}"
            )
        if compare_with not in runner.runs:
            remarks.append(
                f"{name}: nothing is compared with {compare_with}, which the index does not have "
                "(the recipe's baselines name what it has)."
            )
        results = runner.list_results(built)
        system = choose_main_system(results, compare_with)
        main = runner.systems.get(system)
        with show_activity("comparing"):
            return report_benchmark(
                benchmark,
                runner.runs,
                runner.measured,
                results,
                setup.measures,
                system,
                compare_with,
                partial(index.describe, main) if main else None,
                remarks,
                sweeps=[runner.sweep] if runner.sweep else [],
                costs=[cost],
            )


def run_cached(
    path: Path,
    inputs: tuple[object, ...],
    run: Callable[[], Run],
    prepare: Callable[[], None] = lambda: None,
    *,
    remove_self: bool = False,
) -> tuple[Run, float]:
    """Return the run that is cached in a file for the same inputs, or make it and cache it.

    Parameters
    ----------
    path
        TREC run file, ``BENCHMARK.SYSTEM.trec``; a hash of the inputs, and the seconds, are in the
        file of the same name that ends in ``.json``.
    inputs
        Everything that determines the run; compared by their ``repr``.
    run
        Function that makes the run.
    prepare
        Function called before `run`, whose time does not count.
    remove_self
        Whether to remove from every ranking the document that is the query.

    Returns
    -------
    The run as its file has it, and the seconds that it took.

    Raises
    ------
    EvaluationError
        If a file cannot be written, or an id cannot be in a TREC run.
    """
    key = hashlib.sha256(repr((inputs, remove_self)).encode()).hexdigest()
    note = path.with_suffix(".json")
    if path.is_file() and note.is_file():
        noted = json.loads(note.read_text(encoding="utf-8"))
        if noted["key"] == key:
            return read_run(path), noted["seconds"]
    prepare()
    start = time.perf_counter()
    made = run()
    seconds = round(time.perf_counter() - start, 3)
    note.unlink(missing_ok=True)
    tag = path.name.removesuffix(".trec").partition(".")[2] or path.stem
    write_run(remove_query_documents(made) if remove_self else made, path, tag)
    write_text(note, json.dumps({"key": key, "seconds": seconds}))
    return read_run(path), seconds


def _check_judged_documents(benchmark: Benchmark, index: OpenIndex) -> list[str]:
    """Return a remark on judged documents that the index does not have.

    Raises
    ------
    EvaluationError
        If it has none of them.
    """
    judged = dict.fromkeys(document for grades in benchmark.qrels.values() for document in grades)
    missing = index.list_missing(judged)
    if not missing:
        return []
    if len(missing) == len(judged):
        raise EvaluationError(
            f"{benchmark.name}: none of the {len(judged):,} judged documents is in the corpus: "
            f"{format_ids(missing)}. Compare the ids of the judgments with those of the documents"
        )
    return [
        f"{benchmark.name}: {len(missing):,} of {len(judged):,} judged documents are not in the "
        f"corpus, and cannot be found: {format_ids(missing)}."
    ]


class _Runner:
    """Runs and measures of the systems of one benchmark."""

    def __init__(self, benchmark: Benchmark, index: OpenIndex, setup: Setup) -> None:
        self.systems: dict[str, System] = {}
        self.runs: dict[str, Run] = {}
        self.measured: dict[str, MeasuredRun] = {}
        self.sweep: WeightSweep | None = None
        self._benchmark = benchmark
        self._index = index
        self._setup = setup
        self._depth = setup.depth + benchmark.remove_self
        self._seconds: dict[str, float] = {}
        self._manifest = index.manifest
        self._index_digest = _hash_json(self._manifest.model_dump(mode="json"))
        self._queries_digest = _hash_json(benchmark.queries)

    def run_baseline(self, baseline: Baseline, language: str) -> None:
        """Rank by a baseline, and measure."""
        scratch = self._setup.path("scratch", f"{self._benchmark.name}.{baseline.name}")
        corpus_settings = self._setup.settings.corpus
        given = BaselineInput(self._benchmark, corpus_settings, language, self._depth, scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            inputs = (baseline.identity(self._benchmark.name), self._manifest.digest)
            self._measure(baseline.name, inputs, lambda: baseline.run(given))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            with suppress(OSError):  # another evaluation may be using it
                scratch.parent.rmdir()

    def run_index_systems(self) -> None:
        """Rank by all systems of the index and by the oracle weights, and measure."""
        for system in list_systems(self._manifest, self._setup.settings.search):
            self._search(system)
        if not self._manifest.lexical:
            return
        chosen, representation = self._manifest.search, self._manifest.representation
        measure, name = self._setup.measures[0], self._benchmark.name
        sweep = sweep_cached(
            self._index.open_searcher(representation),
            self._benchmark,
            measure,
            chosen,
            self._setup.path("sweeps", f"{name}.json"),
            _hash_json([self._index_digest, self._queries_digest, self._benchmark.qrels, measure]),
        )
        for oracle, trials in zip(ORACLES, (sweep.line, [*sweep.line, *sweep.others]), strict=True):
            best = chosen.model_copy(update={"hybrid": choose_best(trials, chosen.hybrid)})
            self._search(System(oracle, representation, "hybrid", best, uses_labels=True))
        points = {get_lexical_share(weights): value for weights, value in sweep.line}
        share = get_lexical_share(chosen.hybrid)
        self.sweep = WeightSweep(
            benchmark=name,
            measure=measure,
            points=list(points.items()),
            chosen=share,
            reached=points[share],
        )

    def list_results(self, built: BuildReport) -> list[Result]:
        """Return the results of all systems, with confidence intervals."""
        results = []
        for name, measured in track(
            self.measured.items(), "measuring", lambda: len(self.measured), unit="systems"
        ):
            system = self.systems.get(name)
            more = (
                {}
                if system is None
                else {
                    "seconds": self._seconds[name],
                    "weights": system.weights,
                    "uses_labels": system.uses_labels,
                }
            )
            facts = {"language": built.language, "documents": built.documents}
            results.append(Result.from_queries(self._benchmark, name, measured, **facts, **more))
        return results

    def _search(self, system: System) -> None:
        self.systems[system.name] = system
        self._measure(
            system.name,
            (self._index_digest, system),
            lambda: self._index.run(system, self._depth),
            lambda: self._index.prepare(system),
        )

    def _measure(
        self,
        name: str,
        inputs: tuple[object, ...],
        run: Callable[[], Run],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        if name in self.runs:
            raise CorpusTunerError(f"two systems are called {name!r}: name one, NAME=KIND:...")
        self.runs[name], self._seconds[name] = run_cached(
            self._setup.path("runs", f"{self._benchmark.name}.{name}.trec"),
            (*inputs, self._queries_digest, self._depth),
            run,
            prepare,
            remove_self=self._benchmark.remove_self,
        )
        qrels, measures = self._benchmark.qrels, self._setup.measures
        self.measured[name] = measure_queries(qrels, self.runs[name], measures)


def _hash_json(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
