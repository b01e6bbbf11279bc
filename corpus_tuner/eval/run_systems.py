"""Running all systems on a benchmark: cached runs, their measures, and the benchmark's report."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.building.report import BuildReport
from corpus_tuner.core.files import write_text
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.baselines import Baseline, BaselineInput
from corpus_tuner.eval.oracle import Sweep, choose_best, get_lexical_share, sweep
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
    index_path = setup.index or setup.output / "indexes" / name
    trusted = setup.settings.encoder.trust_remote_code
    with OpenIndex(index_path, setup.encoder, benchmark.queries, trusted) as index:
        remarks = _check_judged_documents(benchmark, index)
        runner = _Runner(benchmark, index, setup)
        for baseline in baselines:
            runner.run_baseline(baseline, built.language)
        for system in list_systems(index.manifest, setup.settings.search):
            runner.run_system(system)
        sweeps = [runner.run_oracles()] if index.manifest.lexical else []
        ranked = runner.ranked
        if missing := explain_missing_systems(index.manifest):
            remarks.append(f"{name}: {missing}")
        if compare_with not in (BASELINE, *ranked):
            raise CorpusTunerError(
                f"there is no system {compare_with!r} to compare with: there are "
                f"{', '.join(ranked)}"
            )
        if compare_with not in ranked:
            remarks.append(
                f"{name}: nothing is compared with {compare_with}, which the index does not have "
                "(the recipe's baselines name what it has)."
            )
        results = runner.list_results(built)
        main = choose_main_system(results, compare_with)
        shown = ranked[main].system
        with show_activity("comparing"):
            return report_benchmark(
                benchmark,
                {own: one.run for own, one in ranked.items()},
                {own: one.measured for own, one in ranked.items()},
                results,
                setup.measures,
                main,
                compare_with,
                partial(index.describe, shown) if shown else None,
                remarks,
                sweeps=sweeps,
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
    """Return the run that is cached in a file for the same inputs, and the seconds that it took.

    Otherwise `prepare` is called, and the run is made by `run` and cached. A hash of the inputs
    (everything that determines the run, compared by `repr`) and the seconds are in the file of the
    same name that ends in ``.json``.
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


class _Ranked(NamedTuple):
    """A run with its measures, and the system of the index that made it; ``None`` for baselines."""

    run: Run
    measured: MeasuredRun
    seconds: float
    system: System | None


class _Runner:
    """Runs and measures of the systems of one benchmark, by name."""

    def __init__(self, benchmark: Benchmark, index: OpenIndex, setup: Setup) -> None:
        self.ranked: dict[str, _Ranked] = {}
        self._benchmark = benchmark
        self._index = index
        self._setup = setup
        self._depth = setup.depth + benchmark.remove_self
        self._index_digest = _hash_json(index.manifest.model_dump(mode="json"))
        self._queries_digest = _hash_json(benchmark.queries)

    def run_baseline(self, baseline: Baseline, language: str) -> None:
        """Rank by a baseline, and measure."""
        name = f"{self._benchmark.name}.{baseline.name}"
        scratch = self._setup.output / "scratch" / name
        corpus_settings = self._setup.settings.corpus
        given = BaselineInput(self._benchmark, corpus_settings, language, self._depth, scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            inputs = (baseline.identity(self._benchmark.name), self._index.manifest.digest)
            self._measure(baseline.name, inputs, lambda: baseline.run(given))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            with suppress(OSError):  # another evaluation may be using it
                scratch.parent.rmdir()

    def run_system(self, system: System) -> None:
        """Rank by a system of the index, and measure."""
        self._measure(
            system.name,
            (self._index_digest, system),
            lambda: self._index.run(system, self._depth),
            lambda: self._index.prepare(system),
            system,
        )

    def run_oracles(self) -> WeightSweep:
        """Rank by the oracle weights, and measure; return the sweep that they were chosen from."""
        manifest, benchmark = self._index.manifest, self._benchmark
        chosen, representation = manifest.search, manifest.representation
        measure = self._setup.measures[0]
        path = self._setup.output / "sweeps" / f"{benchmark.name}.json"
        key = _hash_json([self._index_digest, self._queries_digest, benchmark.qrels, measure])
        swept = Sweep.model_validate_json(path.read_text("utf-8")) if path.is_file() else None
        if swept is None or swept.key != key:
            searcher = self._index.open_searcher(representation)
            swept = sweep(searcher, benchmark, measure, chosen, key)
            write_text(path, swept.model_dump_json())
        for oracle, trials in zip(ORACLES, (swept.line, [*swept.line, *swept.others]), strict=True):
            best = chosen.model_copy(update={"hybrid": choose_best(trials, chosen.hybrid)})
            self.run_system(System(oracle, representation, "hybrid", best, uses_labels=True))
        points = {get_lexical_share(weights): value for weights, value in swept.line}
        share = get_lexical_share(chosen.hybrid)
        return WeightSweep(
            benchmark=benchmark.name,
            measure=measure,
            points=list(points.items()),
            chosen=share,
            reached=points[share],
        )

    def list_results(self, built: BuildReport) -> list[Result]:
        """Return the results of all systems, with confidence intervals."""
        results = []
        for name, (_, measured, seconds, system) in track(
            self.ranked.items(), "measuring", lambda: len(self.ranked), unit="systems"
        ):
            facts: dict[str, Any] = {"language": built.language, "documents": built.documents}
            if system is not None:
                facts |= {"seconds": seconds, "weights": system.weights}
                facts |= {"uses_labels": system.uses_labels}
            results.append(Result.from_queries(self._benchmark, name, measured, **facts))
        return results

    def _measure(
        self,
        name: str,
        inputs: tuple[object, ...],
        run: Callable[[], Run],
        prepare: Callable[[], None] = lambda: None,
        system: System | None = None,
    ) -> None:
        if name in self.ranked:
            raise CorpusTunerError(f"two systems are called {name!r}: name one, NAME=KIND:...")
        benchmark, setup = self._benchmark, self._setup
        made, seconds = run_cached(
            setup.output / "runs" / f"{benchmark.name}.{name}.trec",
            (*inputs, self._queries_digest, self._depth),
            run,
            prepare,
            remove_self=benchmark.remove_self,
        )
        measured = measure_queries(benchmark.qrels, made, setup.measures)
        self.ranked[name] = _Ranked(made, measured, seconds, system)


def _hash_json(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
