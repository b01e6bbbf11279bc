"""Open benchmarks: folders, datasets of a catalogue, samples, and those that are known by name."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.cache import get_cache_folder
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.core.records import STANDARD_INPUT, BadRecord, describe_rejected
from corpus_tuner.corpora.sample import LANGUAGES, sample_folder
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark, read_benchmark
from corpus_tuner.eval.benchmarks.download import fetch
from corpus_tuner.eval.benchmarks.ir_datasets_source import load_catalogue_benchmark
from corpus_tuner.eval.benchmarks.registry import Catalogued, Entry, expand, recognise, registry
from corpus_tuner.eval.trec.benchmark import Benchmark

_Item = TypeVar("_Item")
Reject = Callable[[BadRecord], None]


def benchmarks_home(folder: Path | None = None) -> Path:
    """Return the folder in which benchmarks that are known by name lie, or go when fetched.

    Parameters
    ----------
    folder
        It, if it is given; by default ``CORPUS_TUNER_BENCHMARKS`` in the environment names it, or
        else it is in the cache.
    """
    if folder is not None:
        return folder
    named = os.environ.get("CORPUS_TUNER_BENCHMARKS")
    return Path(named) if named else get_cache_folder() / "benchmarks"


def open_benchmarks(
    names: Sequence[str],
    split: str = "",
    home: Path | None = None,
    settings: Recipe | None = None,
) -> tuple[list[Benchmark], dict[str, list[BadRecord]]]:
    """Read the queries and judgments of benchmarks, and fetch those that must be fetched.

    Parameters
    ----------
    names
        Folders in BEIR layout, ``ir_datasets:ID``, ``sample-en``, ``sample-de``, names of the
        registry (`corpus_tuner.eval.benchmarks.registry`) and of its suites.
    split
        Which judgments; empty for the usual ones.
    home
        As `benchmarks_home` takes it.
    settings
        A recipe: where its ``corpus.on_bad_record`` is ``skip``, bad records are left out.

    Returns
    -------
    benchmarks, rejected
        And the bad records that were left out, by benchmark.

    Raises
    ------
    CorpusTunerError, EvaluationError
        If one cannot be had.
    """
    skip = settings is not None and settings.corpus.on_bad_record == "skip"
    opened = []
    rejected: dict[str, list[BadRecord]] = {}
    for name in expand(names):
        bad: list[BadRecord] = []
        found = _open(name, split, benchmarks_home(home), bad.append if skip else None)
        entry = recognise(found)
        opened.append(replace(found, remove_self=True) if entry and entry.remove_self else found)
        rejected[found.name] = bad
    different = sorted(benchmark.name for benchmark in opened)
    if len(set(different)) < len(different):
        raise CorpusTunerError(f"two benchmarks have the same name: {', '.join(different)}")
    return opened, rejected


def check_corpora(benchmarks: Iterable[Benchmark]) -> None:
    """See that every benchmark has documents of which an index can be built.

    Raises
    ------
    EvaluationError
        If one has none.
    """
    for benchmark in benchmarks:
        if not benchmark.corpus:
            raise EvaluationError(
                f"{benchmark.name} has no corpus.jsonl: name the index of its documents (--index)"
            )


def open_files(
    queries: Path, qrels: Path, settings: Recipe | None = None
) -> tuple[list[Benchmark], dict[str, list[BadRecord]]]:
    """Read queries and judgments from two files.

    Parameters
    ----------
    queries, qrels
        As `corpus_tuner.eval.benchmarks.beir_folder.read_benchmark` takes them.
    settings
        As `open_benchmarks` takes them.

    Returns
    -------
    benchmarks, rejected
        One benchmark, which has the name of the file of judgments, and the bad records.

    Raises
    ------
    EvaluationError
        If a file cannot be read or nothing is judged.
    """
    skip = settings is not None and settings.corpus.on_bad_record == "skip"
    bad: list[BadRecord] = []
    name = file_name(qrels)
    found = read_benchmark(queries, qrels, name=name, reject=bad.append if skip else None)
    return [found], {name: bad}


def rejected_remarks(name: str, rejected: Iterable[BadRecord]) -> list[str]:
    """Say how many records of a benchmark's queries and judgments were left out, and why.

    Examples
    --------
    >>> rejected_remarks("mine", [BadRecord("q.tsv:2", "text", "missing or empty")])
    ["mine: left out of queries and judgments: missing or empty: 1, first q.tsv:2, field 'text'."]
    """
    return [
        f"{name}: left out of queries and judgments: {reason}."
        for reason in describe_rejected(rejected)
    ]


def file_name(path: Path) -> str:
    """Return the name of a file without suffixes of runs and judgments.

    Examples
    --------
    >>> file_name(Path("runs/bm25.v2.trec.gz")), file_name(Path("-"))
    ('bm25.v2', 'stdin')
    """
    name = path.name.removesuffix(".gz")
    for suffix in (".trec", ".run", ".txt", ".qrels", ".tsv", ".csv"):
        name = name.removesuffix(suffix)
    return "stdin" if path == STANDARD_INPUT else name or path.name


def _open(name: str, split: str, home: Path, reject: Reject | None) -> Benchmark:
    samples = {f"sample-{language}": language for language in LANGUAGES}
    if name in samples:
        return load_benchmark(sample_folder(samples[name]), split or "test", name=name)
    if name.startswith("ir_datasets:"):
        return load_catalogue_benchmark(name.removeprefix("ir_datasets:"))
    entry = registry().benchmarks.get(name)
    if entry is not None:
        return _open_known(name, entry, split or entry.split, home, reject)
    if not Path(name).exists():
        raise EvaluationError(
            f"there is no folder {name}, nor a benchmark or suite of that name: "
            "corpus-tuner eval --list shows those there are"
        )
    return load_benchmark(Path(name), split or "test", reject=reject)


def _open_known(
    name: str, entry: Entry, split: str, home: Path, reject: Reject | None
) -> Benchmark:
    folder = home / name
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with show_activity(f"looking for {name}"):
                fetch(entry, name, folder, _track)
        except OSError as error:
            raise CorpusTunerError(f"cannot write to {home}: {error.strerror}") from error
        except EvaluationError as error:
            catalogued = [source for source in entry.sources if isinstance(source, Catalogued)]
            if not catalogued:
                raise
            try:
                with show_activity(f"reading {name} with ir_datasets"):
                    return load_catalogue_benchmark(catalogued[0].ir_datasets, name=name)
            except EvaluationError as other:
                raise EvaluationError(f"{error}\n  {other}") from None
    return load_benchmark(folder, split, name=name, reject=reject)


def _track(items: Iterable[_Item], what: str, total: int | None, unit: str) -> Iterable[_Item]:
    return track(items, f"fetching {what}", lambda: total, unit=unit)
