"""A TREC run file from anywhere: ``run:FILE``; ``{benchmark}`` in it stands for the name."""

import hashlib
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import Setting
from corpus_tuner.eval.trec.runs import Run, read_run


class Baseline:
    """Reads what another system found."""

    def __init__(self, argument: str) -> None:
        if not argument:
            raise CorpusTunerError("--baseline run needs a file: run:FILE")
        self._file = argument
        self._found: tuple[str, Run] | None = None
        self.name = Path(argument.replace("{benchmark}", "").replace("..", ".")).stem.strip("._-")

    def identity(self, benchmark: str) -> str:
        """Return a hash of the run."""
        return hashlib.sha256(repr(self._read(benchmark)).encode()).hexdigest()

    def run(self, setting: Setting) -> Run:
        """Return the run, as deep as is asked for."""
        found = self._read(setting.benchmark.name)
        return {query: ranking[: setting.depth] for query, ranking in found.items()}

    def _read(self, benchmark: str) -> Run:
        """Read the file of a benchmark once: it may be a pipe."""
        if self._found is None or self._found[0] != benchmark:
            self._found = benchmark, read_run(Path(self._file.replace("{benchmark}", benchmark)))
        return self._found[1]
