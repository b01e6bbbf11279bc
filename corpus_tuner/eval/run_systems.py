"""Rank one benchmark's documents by all systems, and measure what they find."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from corpus_tuner.building.report import BuildReport
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.core.records import BadRecord
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.baselines import Baseline, Setting
from corpus_tuner.eval.cached_runs import kept_run
from corpus_tuner.eval.open_benchmark import rejected_remarks
from corpus_tuner.eval.oracle import best_of, kept_sweep, lexical_share
from corpus_tuner.eval.report import Cost, Result, WeightSweep
from corpus_tuner.eval.report.assembly import (
    Chapter,
    Outline,
    first_of,
    main_system,
    write_chapter,
)
from corpus_tuner.eval.setup import Setup
from corpus_tuner.eval.systems import OpenIndex, System, missing_systems, systems
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import Measured, Measurement, measure_queries
from corpus_tuner.eval.trec.runs import Run

ORACLES = ("oracle", "oracle-all")
"""Systems whose weights have seen the judgments."""

BASELINE = "passage"
"""What systems are compared with: the encoder alone."""


def measure_benchmark(
    benchmark: Benchmark,
    built: BuildReport,
    cost: Cost,
    setup: Setup,
    baselines: Sequence[Baseline] = (),
    compare_with: str = BASELINE,
    rejected: Sequence[BadRecord] = (),
) -> Chapter:
    """Rank by all systems and measure; what was ranked from the same things is not ranked again.

    Parameters
    ----------
    benchmark
        Queries and judgments.
    built, cost
        What was built of its documents, and what that took.
    setup
        Of the evaluation.
    baselines, compare_with
        As `corpus_tuner.evaluate` takes them.
    rejected
        Queries and judgments that were left out.

    Raises
    ------
    CorpusTunerError
        If two systems have one name, there is none to compare with, or no judged document is in the
        index.
    """
    queries = benchmark.queries
    with OpenIndex(setup.searched(benchmark.name), setup.encoder, queries) as index:
        remarks = rejected_remarks(benchmark.name, rejected)
        remarks += _judged_documents(benchmark, index)
        measuring = Measuring(benchmark, built, index, setup)
        for baseline in baselines:
            measuring.rank_by(baseline)
        measuring.rank_by_systems()
        remarks += [f"{benchmark.name}: {missing}." for missing in missing_systems(index.manifest)]
        if compare_with not in (BASELINE, *measuring.runs):
            raise CorpusTunerError(
                f"there is no system {compare_with!r} to compare with: there are "
                f"{', '.join(measuring.runs)}"
            )
        if compare_with not in measuring.runs:
            remarks.append(
                f"{benchmark.name}: nothing is compared with {compare_with}, which the index does "
                "not have (the recipe's baselines name what it has)."
            )
        results = measuring.results()
        outline = Outline(setup.measures, main_system(results, compare_with), compare_with)
        main = measuring.systems.get(outline.system)
        with show_activity("comparing"):
            return write_chapter(
                Measurement(benchmark, measuring.runs, measuring.measured),
                results,
                outline,
                partial(index.labels, main) if main else None,
                remarks=remarks,
                sweep=measuring.sweep,
                cost=cost,
            )


def _judged_documents(benchmark: Benchmark, index: OpenIndex) -> list[str]:
    """Say which judged documents the index does not have.

    Raises
    ------
    EvaluationError
        If it has none of them.
    """
    judged = dict.fromkeys(document for grades in benchmark.qrels.values() for document in grades)
    missing = index.missing(judged)
    if not missing:
        return []
    if len(missing) == len(judged):
        raise EvaluationError(
            f"{benchmark.name}: none of the {len(judged):,} judged documents is in the corpus: "
            f"{first_of(missing)}. Compare the ids of the judgments with those of the documents"
        )
    return [
        f"{benchmark.name}: {len(missing):,} of {len(judged):,} judged documents are not in the "
        f"corpus, and cannot be found: {first_of(missing)}."
    ]


class Measuring:
    """Ranks and measures.

    Parameters
    ----------
    benchmark
        Queries and judgments.
    built
        The report of its index's build.
    index
        Open for its queries.
    setup
        Of the evaluation.

    Attributes
    ----------
    systems
        Those that search the index, by name.
    runs, measured
        What the systems found, and what it is worth.
    sweep
        What weights would have reached; ``None`` without words.
    """

    def __init__(
        self, benchmark: Benchmark, built: BuildReport, index: OpenIndex, setup: Setup
    ) -> None:
        self.systems: dict[str, System] = {}
        self.runs: dict[str, Run] = {}
        self.measured: dict[str, Measured] = {}
        self.sweep: WeightSweep | None = None
        self._benchmark = benchmark
        self._built = built
        self._index = index
        self._setup = setup
        self._depth = setup.depth + benchmark.remove_self
        self._seconds: dict[str, float] = {}
        self._manifest = index.manifest
        self._made = _digest(self._manifest.model_dump(mode="json"))
        self._queries = _digest(benchmark.queries)

    def rank_by(self, baseline: Baseline) -> None:
        """Rank by a baseline, and measure it."""
        scratch = self._setup.scratch(self._benchmark.name, baseline.name)
        reading, language = self._setup.settings.corpus, self._built.language
        setting = Setting(self._benchmark, reading, language, self._depth, scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            decides = (baseline.identity(self._benchmark.name), self._manifest.digest)
            self._measure(baseline.name, decides, lambda: baseline.run(setting))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            with suppress(OSError):  # another evaluation may be using it
                scratch.parent.rmdir()

    def rank_by_systems(self) -> None:
        """Rank by all systems of the index, and by the best weights for it, and measure."""
        for system in systems(self._manifest, self._setup.settings.search):
            self._search(system)
        if not self._manifest.lexical:
            return
        chosen, representation = self._manifest.search, self._manifest.representation
        judged_by = self._setup.measures[0]
        sweep = kept_sweep(
            self._index.searcher(representation),
            self._benchmark,
            judged_by,
            chosen,
            self._setup.sweep_file(self._benchmark.name),
            _digest([self._made, self._queries, self._benchmark.qrels, judged_by]),
        )
        for name, tried in zip(ORACLES, (sweep.line, [*sweep.line, *sweep.others]), strict=True):
            best = chosen.model_copy(update={"hybrid": best_of(tried, chosen.hybrid)})
            self._search(System(name, representation, "hybrid", best, uses_labels=True))
        points = {lexical_share(weights): reached for weights, reached in sweep.line}
        share = lexical_share(chosen.hybrid)
        self.sweep = WeightSweep(
            benchmark=self._benchmark.name,
            measure=judged_by,
            points=list(points.items()),
            chosen=share,
            reached=points[share],
        )

    def results(self) -> list[Result]:
        """Return what the systems reached; the intervals take a while."""
        return [
            Result.of(
                self._benchmark,
                name,
                measured,
                language=self._built.language,
                documents=self._built.documents,
                seconds=self._seconds[name] if name in self.systems else 0,
                weights=self.systems[name].weights() if name in self.systems else {},
                uses_labels=name in self.systems and self.systems[name].uses_labels,
            )
            for name, measured in track(
                self.measured.items(), "measuring", lambda: len(self.measured), unit="systems"
            )
        ]

    def _search(self, system: System) -> None:
        self.systems[system.name] = system
        self._measure(
            system.name,
            (self._made, system),
            lambda: self._index.run(system, self._depth),
            lambda: self._index.prepare(system),
        )

    def _measure(
        self,
        name: str,
        decides: tuple[object, ...],
        make: Callable[[], Run],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        if name in self.runs:
            raise CorpusTunerError(f"two systems are called {name!r}: name one, NAME=KIND:...")
        kept = kept_run(
            self._setup.run_file(self._benchmark.name, name),
            (*decides, self._queries, self._depth),
            make,
            prepare,
            remove_self=self._benchmark.remove_self,
        )
        self._seconds[name] = kept.seconds
        self.runs[name] = kept.run
        self.measured[name] = measure_queries(self._benchmark.qrels, kept.run, self._setup.measures)


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
