"""Benchmarks by name: what they are, where they come from, and what others reported on them.

The registry is data, ``registry.yaml`` beside this file: a further benchmark is a further entry.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter

from corpus_tuner.eval.trec.benchmark import Benchmark


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Archive(_Frozen):
    """A zip of the BEIR project, with its published MD5."""

    beir: str
    md5: str


class Catalogued(_Frozen):
    """A dataset of ir_datasets (extra ``ir-datasets``)."""

    ir_datasets: str


class Hub(_Frozen):
    """A dataset of the Hugging Face hub in BEIR's columns (extra ``datasets``).

    Attributes
    ----------
    hub
        Its name.
    corpus, queries, qrels
        Configuration and split of every part; a configuration's only split serves for any.
    qrels_hub
        The dataset that has the judgments, where it is another.
    """

    hub: str
    corpus: tuple[str, str]
    queries: tuple[str, str]
    qrels: tuple[str, str]
    qrels_hub: str = ""


Download = Archive | Catalogued | Hub
"""Where a benchmark can be fetched."""


class Reference(_Frozen):
    """What others reported.

    Attributes
    ----------
    system
        What they measured.
    measures
        Name to value, in points of 100.
    source
        Where they reported it.
    """

    system: str
    measures: dict[str, float]
    source: str


class Entry(_Frozen):
    """A benchmark that is known by name.

    Attributes
    ----------
    language
        ISO 639-1 code.
    about
        What is asked for what.
    documents, queries
        How many there are, and how many are judged.
    split
        Which judgments are used.
    measure
        What is usually reported.
    remove_self
        As `Benchmark.remove_self`.
    sources
        In the order in which they are tried; without any, only a local folder will do.
    notes
        Pitfalls.
    references
        Published figures.
    """

    language: Annotated[str, Field(min_length=2, max_length=3)]
    about: str
    documents: PositiveInt
    queries: PositiveInt
    split: str = "test"
    measure: str = "nDCG@10"
    remove_self: bool = False
    sources: tuple[Download, ...] = ()
    notes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


class Registry(_Frozen):
    """All benchmarks that are known by name, and suites of them."""

    benchmarks: dict[str, Entry]
    suites: dict[str, tuple[str, ...]]


@cache
def registry() -> Registry:
    """Read the registry.

    Examples
    --------
    >>> registry().benchmarks["scifact"].documents
    5183
    """
    text = files(__package__).joinpath("registry.yaml").read_text(encoding="utf-8")
    return TypeAdapter(Registry).validate_python(yaml.safe_load(text))


def expand(names: Sequence[str]) -> list[str]:
    """Return names of benchmarks; for the name of a suite, those of its benchmarks.

    Examples
    --------
    >>> expand(["scifact", "quick"])
    ['scifact', 'sample-en', 'sample-de']
    """
    suites = registry().suites
    return [benchmark for name in names for benchmark in suites.get(name, (name,))]


def recognise(benchmark: Benchmark) -> Entry | None:
    """Return the entry of a benchmark, however it was loaded: by its name and number of queries.

    Copies differ by a few queries that were merged or left out; more than one in a hundred, and it
    is another set of that name.
    """
    entry = registry().benchmarks.get(benchmark.name)
    if entry is None or abs(entry.queries - len(benchmark.queries)) > entry.queries / 100:
        return None
    return entry
