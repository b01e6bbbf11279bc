"""Benchmarks in BEIR layout: queries and judgments in a folder."""

from collections.abc import Callable
from pathlib import Path

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.benchmarks import Benchmark, Qrels
from corpus_tuner.eval.queries import read_queries, refuse
from corpus_tuner.eval.records import BadRecord, read_lines


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
        With ``corpus.jsonl``, ``queries.jsonl`` (all may be ``.gz``) and ``qrels/SPLIT.tsv``.
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
    reject = reject or refuse
    qrels = read_qrels(_find(folder, f"qrels/{split}.tsv"), reject)
    path = _find(folder, "queries.jsonl")
    queries = read_queries(path, reject, qrels)
    for query in sorted(qrels.keys() - queries.keys()):
        reject(BadRecord(str(path), "_id", "a judged query is missing", repr(query)))
        del qrels[query]
    if not qrels:
        raise EvaluationError(f"{folder}: none of its queries is judged in qrels/{split}.tsv")
    return Benchmark(name or folder.resolve().name, str(folder), queries, qrels)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise EvaluationError(
        f"{folder} is not a benchmark in BEIR layout: it has no {name} "
        "(it should hold corpus.jsonl, queries.jsonl and qrels/test.tsv)"
    )


def read_qrels(path: Path, reject: Callable[[BadRecord], None] | None = None) -> Qrels:
    """Read judgments: ``query-id corpus-id score``, with or without a header, or as TREC has them.

    Parameters
    ----------
    path
        Columns are parted by tabs, or where there are none by white space.
    reject
        Called with every record that cannot be used, which is then left out; by default the first
        one is an error.

    Raises
    ------
    EvaluationError
        If the file cannot be read or, without `reject`, a record is bad.
    """
    reject = reject or refuse
    qrels: Qrels = {}
    for number, (position, line) in enumerate(read_lines(path)):
        if isinstance(line, BadRecord):
            reject(line)
            continue
        cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        if len(cells) == 4:  # query 0 document grade
            del cells[1]
        if len(cells) != 3:
            reject(
                BadRecord(
                    position,
                    "",
                    "not three columns: query, document, score",
                    f"it has {len(cells)}",
                )
            )
            continue
        query, document, grade = (cell.strip() for cell in cells)
        try:
            score = int(grade.removesuffix(".0"))
        except ValueError:
            if number == 0:  # the header
                continue
            reject(BadRecord(position, "score", "not a whole number", repr(grade)))
            continue
        if qrels.get(query, {}).get(document, score) != score:
            detail = f"{query!r}, {document!r}"
            reject(BadRecord(position, "score", "judged otherwise above", detail))
            continue
        qrels.setdefault(query, {})[document] = score
    return qrels
