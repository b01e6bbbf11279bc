"""Opening benchmarks: folders, datasets of ir_datasets, samples, and entries of the registry."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from corpus_tuner.core.cache import get_cache_folder
from corpus_tuner.core.files import create_folder
from corpus_tuner.core.progress import show_activity
from corpus_tuner.core.records import STANDARD_INPUT
from corpus_tuner.corpora.sample import LANGUAGES, sample_folder
from corpus_tuner.errors import CorpusTunerError, EvaluationError, OutOfReachError
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.benchmarks.hub_dataset import fetch_hub_dataset
from corpus_tuner.eval.benchmarks.ir_datasets_source import load_ir_dataset
from corpus_tuner.eval.benchmarks.registry import Entry, expand_suites, find_entry, load_registry
from corpus_tuner.eval.trec.benchmark import Benchmark


def get_benchmarks_folder() -> Path:
    """Return the folder of the benchmarks that are known by name.

    It is ``CORPUS_TUNER_BENCHMARKS`` in the environment, or in the cache.
    """
    named = os.environ.get("CORPUS_TUNER_BENCHMARKS")
    return Path(named) if named else get_cache_folder() / "benchmarks"


def open_benchmarks(
    names: str | Path | Sequence[str | Path],
    split: str = "",
    skip_bad_records: bool = False,
) -> list[Benchmark]:
    """Read queries and judgments of benchmarks, and fetch those that are not on this disk.

    Parameters
    ----------
    names
        One or several: folders in BEIR layout, ``ir_datasets:ID``, ``sample-en``, ``sample-de``,
        names of the registry (`corpus_tuner.eval.benchmarks.registry`) and of its suites.
    split
        Name of the judgments; by default those of each benchmark.
    skip_bad_records
        Whether bad records are left out; by default the first one is an error.

    Raises
    ------
    CorpusTunerError, EvaluationError, OutOfReachError
        If a benchmark cannot be read or fetched.
    """
    opened = []
    listed = [names] if isinstance(names, str | Path) else names
    for name in expand_suites([str(one) for one in listed]):
        benchmark = _open_benchmark(name, split, skip_bad_records)
        entry = find_entry(benchmark)
        opened.append(replace(benchmark, remove_self=bool(entry and entry.remove_self)))
    found = sorted(benchmark.name for benchmark in opened)
    if len(set(found)) < len(found):
        raise CorpusTunerError(f"two benchmarks have the same name: {', '.join(found)}")
    return opened


def check_corpora(benchmarks: Iterable[Benchmark]) -> None:
    """Check that every benchmark has a corpus.

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


def name_after_file(path: Path) -> str:
    """Return the name of a file without the suffixes of runs and judgments.

    Examples
    --------
    >>> name_after_file(Path("runs/bm25.v2.trec.gz")), name_after_file(Path("-"))
    ('bm25.v2', 'stdin')
    """
    name = path.name.removesuffix(".gz")
    for suffix in (".trec", ".run", ".txt", ".qrels", ".tsv", ".csv"):
        name = name.removesuffix(suffix)
    return "stdin" if path == STANDARD_INPUT else name or path.name


def _open_benchmark(name: str, split: str, skip: bool) -> Benchmark:
    samples = {f"sample-{language}": language for language in LANGUAGES}
    if name in samples:
        return load_benchmark(sample_folder(samples[name]), split or "test", name=name)
    if name.startswith("ir_datasets:"):
        return load_ir_dataset(name.removeprefix("ir_datasets:"))
    entry = load_registry().benchmarks.get(name)
    if entry is not None:
        return _open_entry(name, entry, split or entry.split, skip)
    if not Path(name).exists():
        raise EvaluationError(
            f"there is no folder {name}, nor a benchmark or suite of that name: "
            "corpus-tuner eval --list shows the known names"
        )
    return load_benchmark(Path(name), split or "test", skip_bad_records=skip)


def _open_entry(name: str, entry: Entry, split: str, skip: bool) -> Benchmark:
    """Open a benchmark of the registry, from its folder if it is there."""
    folder = get_benchmarks_folder() / name
    try:
        if not folder.is_dir() and entry.ir_datasets:
            dataset = entry.ir_datasets
            if split != entry.split:
                dataset = f"{dataset.removesuffix(f'/{entry.split}')}/{split}"
            with show_activity(f"reading {name} with ir_datasets"):
                return load_ir_dataset(dataset, name=name)
        if not folder.is_dir():
            assert entry.hub is not None
            create_folder(folder.parent)
            with show_activity(f"looking for {name}"):
                fetch_hub_dataset(entry.hub, entry.split, folder)
    except (EvaluationError, OutOfReachError) as error:
        raise _explain_failure(name, entry, folder, error) from error
    return load_benchmark(folder, split, name=name, skip_bad_records=skip)


def _explain_failure(
    name: str, entry: Entry, folder: Path, error: CorpusTunerError
) -> CorpusTunerError:
    """Return an error that says what failed and where a copy belongs."""
    put = f"put it there in BEIR layout (corpus.jsonl, queries.jsonl, qrels/{entry.split}.tsv)"
    remedy = f"try again with a network, or {put}" if isinstance(error, OutOfReachError) else put
    return type(error)(
        f"the benchmark {name!r} is not at {folder} and cannot be fetched: {error}; {remedy}"
    )
