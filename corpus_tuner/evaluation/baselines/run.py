"""A TREC run file from anywhere: ``run:FILE``; ``{benchmark}`` in it stands for the name."""

import hashlib
from pathlib import Path

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.runs import Run, read_run
from corpus_tuner.evaluation.baselines import Setting


class Baseline:
    """Reads what another system found."""

    def __init__(self, argument: str) -> None:
        if not argument:
            raise CorpusTunerError("--baseline run needs a file: run:FILE")
        self._file = argument
        self.name = Path(argument.replace("{benchmark}", "").replace("..", ".")).stem.strip("._-")

    def identity(self, benchmark: str) -> str:
        """Return the checksum of the file."""
        path = self._path(benchmark)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path)

    def run(self, setting: Setting) -> Run:
        """Read the file, as deep as is asked for."""
        found = read_run(self._path(setting.benchmark.name))
        return {query: ranking[: setting.depth] for query, ranking in found.items()}

    def _path(self, benchmark: str) -> Path:
        return Path(self._file.replace("{benchmark}", benchmark))
