"""Rank one benchmark's documents by all systems, and measure what each finds."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.evaluation.baselines import Baseline, Setting
from corpus_tuner.evaluation.kept import Kept, kept_run
from corpus_tuner.evaluation.ladder import System, ladder, search
from corpus_tuner.evaluation.oracle import STEPS, sweep
from corpus_tuner.pipeline import BuildReport
from corpus_tuner.settings import Settings
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.measures import Measured, Measurement, measure_queries
from corpus_tuner.eval.report import Result, Sweep
from corpus_tuner.eval.runs import Run
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder
from corpus_tuner.indexes.store.manifest import MANIFEST, read_manifest

RUNS = "runs"
"""The folder of the runs."""

ORACLES = ("oracle", "oracle-2d")
"""Systems whose weights have seen the judgments."""


class Measuring:
    """Ranks and measures; what was ranked before, from the same things, is not ranked again.

    Parameters
    ----------
    benchmark
        Queries and judgments.
    index, built
        Of its documents, and the report of its build.
    encoder, settings
        It was built with.
    output
        The folder of the evaluation.
    measures, depth
        As `corpus_tuner.evaluate` takes them.

    Attributes
    ----------
    systems
        Those that search the index, by name.
    runs, measured
        What each system found, and what it is worth.
    sweeps
        What weights would have reached; one, or none without words.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        index: Path,
        built: BuildReport,
        encoder: RememberingEncoder,
        settings: Settings,
        output: Path,
        measures: Sequence[str],
        depth: int,
    ) -> None:
        self.benchmark = benchmark
        self.index = index
        self.built = built
        self.systems: dict[str, System] = {}
        self.runs: dict[str, Run] = {}
        self.measured: dict[str, Measured] = {}
        self.sweeps: list[Sweep] = []
        self._encoder = encoder
        self._settings = settings
        self._output = output
        self._measures = measures
        self._depth = depth + benchmark.remove_self
        self._seconds: dict[str, float] = {}
        self._encoded = False
        self._manifest = read_manifest(index)
        self._made = hashlib.sha256((index / MANIFEST).read_bytes()).hexdigest()
        self._queries = _digest(benchmark.queries)

    def rank_by(self, baseline: Baseline) -> None:
        """Rank by a baseline, and measure it."""
        scratch = self._output / "scratch" / f"{self.benchmark.name}.{baseline.name}"
        corpus = Corpus(self.benchmark.corpus, self._settings.corpus)
        setting = Setting(self.benchmark, corpus, self.built.language, self._depth, scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            decides = (baseline.identity(self.benchmark.name), self._manifest.build["corpus"])
            self._measure(baseline.name, decides, lambda: baseline.run(setting))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            with suppress(OSError):  # another evaluation may be using it
                scratch.parent.rmdir()

    def climb(self) -> None:
        """Rank by all that the index has, and by the best weights for it, and measure."""
        for system in ladder(self._manifest, self._settings.search):
            self._search(system)
        if not self._manifest.lexical:
            return
        chosen = self._manifest.search
        both = self._manifest.representation == "views"
        judged_by = self._measures[0]
        found = sweep(
            self.index,
            self._encoder,
            self.benchmark,
            judged_by,
            chosen,
            sorted({chosen.hybrid_views, *(STEPS if both else ())}),
            self._output / "sweeps" / f"{self.benchmark.name}.json",
            _digest([self._made, self._queries, self.benchmark.qrels, judged_by]),
        )
        representation = self._manifest.representation
        for name, views in ((ORACLES[0], chosen.hybrid_views), (ORACLES[1], None)):
            if both or views is not None:
                best = found.best(chosen, views)
                self._search(System(name, representation, "hybrid", best, uses_labels=True))
        points = {
            each.words: each.reached for each in found.tried if each.views == chosen.hybrid_views
        }
        self.sweeps.append(
            Sweep(
                benchmark=self.benchmark.name,
                measure=judged_by,
                points=sorted(points.items()),
                chosen=chosen.words,
                reached=points[chosen.words],
            )
        )

    @cached_property
    def results(self) -> list[Result]:
        """What each system reached; ask when all have ranked, for the intervals take a while."""
        return [
            Result.of(
                self.benchmark,
                name,
                measured,
                language=self.built.language,
                documents=self.built.documents,
                seconds=self._seconds[name] if name in self.systems else 0,
                weights=self.systems[name].weights() if name in self.systems else {},
                uses_labels=name in ORACLES,
            )
            for name, measured in self.measured.items()
        ]

    def measurement(self) -> Measurement:
        """Return what reports are made of."""
        return Measurement(self.benchmark, self.runs, self.measured)

    def _search(self, system: System) -> None:
        self.systems[system.name] = system

        def make() -> Run:
            return search(self.index, self._encoder, self.benchmark.queries, system, self._depth)

        self._measure(system.name, (self._made, system), make, self._encode_queries)

    def _encode_queries(self) -> None:
        """Encode them for the first system that has to search, and not again for the next."""
        if not self._encoded:
            self._encoder.remember_queries(list(self.benchmark.queries.values()))
            self._encoded = True

    def _measure(
        self,
        name: str,
        decides: tuple[object, ...],
        make: Callable[[], Run],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        if name in self.runs:
            raise CorpusTunerError(f"two systems are called {name!r}: name one, NAME=KIND:...")
        kept: Kept = kept_run(
            self._output / RUNS / f"{self.benchmark.name}.{name}.trec",
            (*decides, self._queries, self._depth),
            make,
            prepare,
            remove_self=self.benchmark.remove_self,
        )
        self._seconds[name] = kept.seconds
        self.runs[name] = kept.run
        self.measured[name] = measure_queries(self.benchmark.qrels, kept.run, self._measures)


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
