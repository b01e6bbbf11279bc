"""Benchmarks in BEIR layout: queries and judgments in a folder."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from eval.benchmarks import Benchmark, Qrels
from eval.errors import EvaluationError
from eval.records import BadRecord, read_json_lines, read_lines


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
        With ``corpus.jsonl``, ``queries.jsonl`` (each may be ``.gz``) and ``qrels/SPLIT.tsv``.
    split
        Which judgments.
    name
        Of the benchmark; by default the folder's.
    reject
        Told of each record that cannot be used, which is then left out; by default the first
        one is an error.

    Raises
    ------
    EvaluationError
        If a file is missing or nothing is judged, or, without `reject`, a record is bad.
    """
    reject = reject or _refuse
    qrels = read_qrels(_find(folder, f"qrels/{split}.tsv"), reject)
    path = _find(folder, "queries.jsonl")
    queries = _read_queries(path, qrels, reject)
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


def _refuse(bad: BadRecord) -> None:
    raise EvaluationError(str(bad))


def read_qrels(path: Path, reject: Callable[[BadRecord], None] | None = None) -> Qrels:
    """Read tab-separated ``query-id corpus-id score``, with or without a header, or TREC's four."""
    reject = reject or _refuse
    qrels: Qrels = {}
    for number, (place, line) in enumerate(read_lines(path)):
        if isinstance(line, BadRecord):
            reject(line)
            continue
        cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        if len(cells) == 4:  # query 0 document grade
            del cells[1]
        if len(cells) != 3:
            reject(
                BadRecord(
                    place, "", "not three columns: query, document, score", f"it has {len(cells)}"
                )
            )
            continue
        query, document, grade = (cell.strip() for cell in cells)
        try:
            score = int(grade.removesuffix(".0"))
        except ValueError:
            if number == 0:  # the header
                continue
            reject(BadRecord(place, "score", "not a whole number", repr(grade)))
            continue
        if qrels.get(query, {}).get(document, score) != score:
            reject(BadRecord(place, "score", "judged otherwise above", f"{query!r}, {document!r}"))
            continue
        qrels.setdefault(query, {})[document] = score
    return qrels


def _read_queries(path: Path, qrels: Qrels, reject: Callable[[BadRecord], None]) -> dict[str, str]:
    queries: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for record in read_json_lines(path):
        if isinstance(record, BadRecord):
            reject(record)
            continue
        query, text = record.fields.get("_id"), record.fields.get("text")
        if not isinstance(query, str | int) or isinstance(query, bool):
            reject(BadRecord(record.place, "_id", "missing, or neither text nor a number"))
            continue
        query = str(query)
        if query not in qrels:
            continue
        seen[query] += 1
        if not isinstance(text, str) or not text.strip():
            reject(BadRecord(record.place, "text", "missing or empty"))
        elif seen[query] > 1:
            reject(BadRecord(record.place, "_id", "duplicate id", repr(query)))
        else:
            queries[query] = text
    return queries
