"""TREC run file of another system: ``run:FILE``, where ``{benchmark}`` stands for the name."""

import hashlib
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import BaselineInput
from corpus_tuner.eval.trec.runs import Run, read_run


class Baseline:
    """A run that is read from a file."""

    def __init__(self, argument: str) -> None:
        if not argument:
            raise CorpusTunerError("--baseline run needs a file: run:FILE")
        self._file = argument
        self._cached: tuple[str, Run] | None = None
        self.name = Path(argument.replace("{benchmark}", "").replace("..", ".")).stem.strip("._-")

    def identity(self, benchmark: str) -> str:
        """Return a hash of the run."""
        return hashlib.sha256(repr(self._read(benchmark)).encode()).hexdigest()

    def run(self, given: BaselineInput) -> Run:
        """Return the run, cut to the depth."""
        run = self._read(given.benchmark.name)
        return {query: ranking[: given.depth] for query, ranking in run.items()}

    def _read(self, benchmark: str) -> Run:
        """Read the file of a benchmark once: it may be a pipe."""
        if self._cached is None or self._cached[0] != benchmark:
            self._cached = benchmark, read_run(Path(self._file.replace("{benchmark}", benchmark)))
        return self._cached[1]
