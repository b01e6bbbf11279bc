"""Open benchmarks: folders, datasets of a catalogue, samples, and those that are known by name."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.benchmarks.catalogue import load_catalogue_benchmark
from corpus_tuner.eval.benchmarks.download import fetch
from corpus_tuner.eval.benchmarks.folder import load_benchmark
from corpus_tuner.eval.benchmarks.registry import Catalogued, Entry, expand, recognise, registry
from corpus_tuner.eval.records import BadRecord
from corpus_tuner.indexes.encoders.cache import cache_folder
from corpus_tuner.progress import track, working
from corpus_tuner.sample import LANGUAGES, sample_folder
from corpus_tuner.settings import Settings

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
    return Path(named) if named else cache_folder() / "benchmarks"


def open_benchmarks(
    names: Sequence[str],
    split: str = "",
    home: Path | None = None,
    settings: Settings | None = None,
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
            with working(f"looking for {name}"):
                fetch(entry, name, folder, _track)
        except OSError as error:
            raise CorpusTunerError(f"cannot write to {home}: {error.strerror}") from error
        except EvaluationError as error:
            catalogued = [source for source in entry.sources if isinstance(source, Catalogued)]
            if not catalogued:
                raise
            try:
                with working(f"reading {name} with ir_datasets"):
                    return load_catalogue_benchmark(catalogued[0].ir_datasets, name=name)
            except EvaluationError as other:
                raise EvaluationError(f"{error}\n  {other}") from None
    return load_benchmark(folder, split, name=name, reject=reject)


def _track(items: Iterable[_Item], what: str, total: int | None, unit: str) -> Iterable[_Item]:
    return track(items, f"fetching {what}", lambda: total, unit=unit)
