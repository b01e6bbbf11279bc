"""Registry of benchmarks by name: descriptions, sources and published figures.

The entries are data, in ``registry.yaml`` beside this file.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from corpus_tuner.eval.trec.benchmark import Benchmark


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HubDataset(_Frozen):
    """A dataset of the Hugging Face hub with BEIR's columns (extra ``datasets``).

    Attributes
    ----------
    name
        Name on the hub.
    corpus, queries, qrels
        Configuration and split of each part; the only split of a configuration serves for any.
    qrels_name
        Name of the dataset with the judgments, if it is another.
    """

    name: str
    corpus: tuple[str, str]
    queries: tuple[str, str]
    qrels: tuple[str, str]
    qrels_name: str = ""


class Reference(_Frozen):
    """Published figures of a system.

    Attributes
    ----------
    system
        Name of the system.
    measures
        Values by name of the measure, in points of 100.
    source
        Publication.
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
        Kinds of queries and documents.
    documents, queries
        Number of documents and of judged queries.
    split
        Name of the judgments.
    measure
        Usual measure.
    remove_self
        As `Benchmark.remove_self`.
    ir_datasets
        Id of the dataset in ir_datasets (extra ``ir-datasets``).
    hub
        Dataset of the hub, where ir_datasets does not have it.
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
    ir_datasets: str = ""
    hub: HubDataset | None = None
    notes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


class Registry(_Frozen):
    """Benchmarks and suites by name."""

    benchmarks: dict[str, Entry]
    suites: dict[str, tuple[str, ...]]


@cache
def load_registry() -> Registry:
    """Read the registry.

    Examples
    --------
    >>> load_registry().benchmarks["scifact"].documents
    5183
    """
    text = files(__package__).joinpath("registry.yaml").read_text(encoding="utf-8")
    return Registry.model_validate(yaml.safe_load(text))


def expand_suites(names: Sequence[str]) -> list[str]:
    """Replace names of suites by the names of their benchmarks.

    Examples
    --------
    >>> expand_suites(["scifact", "quick"])
    ['scifact', 'sample-en', 'sample-de']
    """
    suites = load_registry().suites
    return [benchmark for name in names for benchmark in suites.get(name, (name,))]


def find_entry(benchmark: Benchmark) -> Entry | None:
    """Return the entry of a benchmark by its name and number of queries.

    Copies differ by a few queries that were merged or left out; a benchmark with more than one in a
    hundred other queries is another set of that name.
    """
    entry = load_registry().benchmarks.get(benchmark.name)
    if entry is None or abs(entry.queries - len(benchmark.queries)) > entry.queries / 100:
        return None
    return entry
