"""Benchmarks in BEIR layout: a folder with queries, qrels and a corpus."""

from pathlib import Path

from corpus_tuner.core.records import BadRecord, describe_rejected, get_display_name
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import raise_bad_record, read_queries


def load_benchmark(
    folder: Path, split: str = "test", *, name: str = "", skip_bad_records: bool = False
) -> Benchmark:
    """Read queries and judgments of a folder in BEIR layout.

    Parameters
    ----------
    folder
        Folder with ``queries.jsonl``, ``qrels/SPLIT.tsv`` and, where an index is to be built,
        ``corpus.jsonl``; gzipped (``.gz``) or not.
    split
        Name of the judgments.
    name
        Name of the benchmark; by default the folder's.
    skip_bad_records
        Whether bad records are left out; by default the first one is an error.

    Raises
    ------
    EvaluationError
        If a file is missing, nothing is judged or, by default, a record is bad.
    """
    return read_benchmark(
        _find_file(folder, "queries.jsonl"),
        _find_file(folder, f"qrels/{split}.tsv"),
        name=name or folder.resolve().name,
        corpus=str(folder) if _find_files(folder, "corpus.jsonl") else "",
        skip_bad_records=skip_bad_records,
    )


def read_benchmark(
    queries: Path, qrels: Path, *, name: str, corpus: str = "", skip_bad_records: bool = False
) -> Benchmark:
    """Read a benchmark of two files; see `load_benchmark`."""
    rejected: list[BadRecord] = []
    reject = rejected.append if skip_bad_records else raise_bad_record
    unjudged: list[str] = []
    judged = read_qrels(qrels, reject)
    texts = read_queries(queries, reject, judged, unjudged.append)
    for query in sorted(judged.keys() - texts.keys()):
        reject(
            BadRecord(get_display_name(queries), "_id", "a judged query is missing", repr(query))
        )
        del judged[query]
    if not judged:
        names = get_display_name(queries), get_display_name(qrels)
        problem = f"none of the queries of {names[0]} is judged in {names[1]}"
        raise EvaluationError("; ".join([problem, *describe_rejected(rejected)]))
    return Benchmark(
        name, corpus, texts, judged, unjudged=tuple(unjudged), rejected=tuple(rejected)
    )


def _find_file(folder: Path, name: str) -> Path:
    """Return the file of a name, gzipped or not."""
    found = _find_files(folder, name)
    if not found:
        raise EvaluationError(
            f"{folder} is not a benchmark in BEIR layout: it has no {name} "
            "(it should have corpus.jsonl, queries.jsonl and qrels/test.tsv)"
        )
    return found[0]


def _find_files(folder: Path, name: str) -> list[Path]:
    return [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
