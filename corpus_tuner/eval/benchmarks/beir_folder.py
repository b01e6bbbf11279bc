"""Benchmarks in BEIR layout: queries and judgments in a folder."""

from collections.abc import Callable
from pathlib import Path

from corpus_tuner.core.records import BadRecord, describe_rejected, get_display_name
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import read_queries, refuse


def load_benchmark(
    folder: Path,
    split: str = "test",
    *,
    name: str = "",
    reject: Callable[[BadRecord], None] | None = None,
) -> Benchmark:
    """Read the queries and judgments of a folder in BEIR layout.

    Parameters
    ----------
    folder
        With ``queries.jsonl`` and ``qrels/SPLIT.tsv``, and ``corpus.jsonl`` where an index is to be
        built (all may be ``.gz``).
    split
        Which judgments.
    name
        Of the benchmark; by default the folder's.
    reject
        Called with every record that cannot be used, which is then left out; by default the first
        one is an error.

    Raises
    ------
    EvaluationError
        If a file is missing or nothing is judged, or, without `reject`, a record is bad.
    """
    return read_benchmark(
        _find(folder, "queries.jsonl"),
        _find(folder, f"qrels/{split}.tsv"),
        name=name or folder.resolve().name,
        corpus=str(folder) if _there(folder, "corpus.jsonl") else "",
        reject=reject,
    )


def read_benchmark(
    queries: Path,
    qrels: Path,
    *,
    name: str,
    corpus: str = "",
    reject: Callable[[BadRecord], None] | None = None,
) -> Benchmark:
    """Read queries and judgments from two files.

    Parameters
    ----------
    queries, qrels
        As `corpus_tuner.eval.trec.queries.read_queries` and
        `corpus_tuner.eval.trec.qrels.read_qrels` take them.
    name, corpus
        As `Benchmark` has them.
    reject
        As `load_benchmark` takes it.

    Raises
    ------
    EvaluationError
        If a file cannot be read or nothing is judged, or, without `reject`, a record is bad.
    """
    rejected: list[BadRecord] = []

    def note(bad: BadRecord) -> None:
        rejected.append(bad)
        (reject or refuse)(bad)

    unjudged: list[str] = []
    judged = read_qrels(qrels, note)
    texts = read_queries(queries, note, judged, unjudged.append)
    for query in sorted(judged.keys() - texts.keys()):
        note(BadRecord(get_display_name(queries), "_id", "a judged query is missing", repr(query)))
        del judged[query]
    if not judged:
        names = get_display_name(queries), get_display_name(qrels)
        problem = f"none of the queries of {names[0]} is judged in {names[1]}"
        raise EvaluationError("; ".join([problem, *describe_rejected(rejected)]))
    return Benchmark(name, corpus, texts, judged, unjudged=tuple(unjudged))


def _find(folder: Path, name: str) -> Path:
    path = _there(folder, name)
    if path is None:
        raise EvaluationError(
            f"{folder} is not a benchmark in BEIR layout: it has no {name} "
            "(it should have corpus.jsonl, queries.jsonl and qrels/test.tsv)"
        )
    return path


def _there(folder: Path, name: str) -> Path | None:
    """Return the file of a name, which may be gzipped; ``None`` if there is none."""
    files = (folder / name, folder / f"{name}.gz")
    return next((path for path in files if path.is_file()), None)
