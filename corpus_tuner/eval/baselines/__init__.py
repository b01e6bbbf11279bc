"""Baselines: other systems that rank a benchmark's documents, measured in the same table.

Every file here is a baseline: its class ``Baseline`` takes the argument of ``KIND:ARGUMENT``, such
as ``encoder:intfloat/multilingual-e5-small``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from corpus_tuner.core.registry import load_plugin
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.runs import Run


@dataclass(frozen=True, slots=True)
class BaselineInput:
    """Input of a baseline.

    Attributes
    ----------
    benchmark
        Queries and judgments.
    corpus_settings
        Settings of the corpus.
    language
        Main language of the documents, ISO 639-1.
    depth
        Number of documents in every ranking.
    scratch
        Folder for temporary files.
    """

    benchmark: Benchmark
    corpus_settings: CorpusSettings
    language: str
    depth: int
    scratch: Path

    @property
    def corpus(self) -> Corpus:
        """Documents of the benchmark.

        Raises
        ------
        CorpusTunerError
            If only an index has them.
        """
        if not self.benchmark.corpus:
            raise CorpusTunerError(
                "this baseline needs the documents: write them with corpus-tuner index export "
                "INDEX FOLDER/corpus.jsonl, beside queries.jsonl and qrels, and evaluate FOLDER"
            )
        return Corpus(self.benchmark.corpus, self.corpus_settings)


class Baseline(Protocol):
    """Protocol of baselines.

    Attributes
    ----------
    name
        Name in the table.
    """

    name: str

    def identity(self, benchmark: str) -> str:
        """Return a text that identifies the run, apart from the benchmark and the depth."""

    def run(self, given: BaselineInput) -> Run:
        """Rank the documents for every query."""


def open_baseline(description: str) -> Baseline:
    """Open the baseline described by ``[NAME=]KIND[:ARGUMENT]``.

    Raises
    ------
    CorpusTunerError
        If there is no such kind, or the argument does not fit.
    """
    named, equals, rest = description.partition("=")
    if not equals or ":" in named:
        named, rest = "", description
    kind, _, argument = rest.partition(":")
    try:
        baseline: Baseline = load_plugin(__name__, kind).Baseline(argument)
    except ValueError as error:
        if isinstance(error, CorpusTunerError):
            raise
        raise CorpusTunerError(f"--baseline {description}: {error}") from None
    baseline.name = named or baseline.name
    return baseline
