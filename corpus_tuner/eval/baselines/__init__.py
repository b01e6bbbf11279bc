"""Baselines: other ways to rank a benchmark's documents, measured in the same table.

A file here is a baseline: it holds ``Baseline``, which is made from what stands behind the colon
of ``KIND:ARGUMENT``, such as ``encoder:intfloat/multilingual-e5-small``.
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
class Setting:
    """What a baseline is given.

    Attributes
    ----------
    benchmark
        Queries and judgments.
    reading
        How the corpus is read.
    language
        Of the documents.
    depth
        Documents in every ranking.
    scratch
        A folder for what it must keep while it works; it is thrown away.
    """

    benchmark: Benchmark
    reading: CorpusSettings
    language: str
    depth: int
    scratch: Path

    @property
    def corpus(self) -> Corpus:
        """The documents, read anew.

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
        return Corpus(self.benchmark.corpus, self.reading)


class Baseline(Protocol):
    """Ranks documents.

    Attributes
    ----------
    name
        As the table has it.
    """

    name: str

    def identity(self, benchmark: str) -> str:
        """Return what decides the run, but for the benchmark's contents and the depth."""

    def run(self, setting: Setting) -> Run:
        """Rank the documents for every query."""


def open_baseline(description: str) -> Baseline:
    """Make the baseline that ``[NAME=]KIND[:ARGUMENT]`` describes.

    Raises
    ------
    CorpusTunerError
        If there is no such kind, or the argument is of no use to it.
    """
    named, equals, rest = description.partition("=")
    if not equals or ":" in named:
        named, rest = "", description
    kind, _, argument = rest.partition(":")
    try:
        made: Baseline = load_plugin(__name__, kind).Baseline(argument)
    except ValueError as error:
        if isinstance(error, CorpusTunerError):
            raise
        raise CorpusTunerError(f"--baseline {description}: {error}") from None
    made.name = named or made.name
    return made
