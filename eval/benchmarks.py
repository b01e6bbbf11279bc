"""Benchmarks: queries and judgments that go with a corpus."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvaluationError
from eval.records import BadRecord, read_json_lines, read_lines

Qrels = dict[str, dict[str, int]]
"""For each query id, the grade of each judged document id; above 0 is relevant."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test collection without its documents.

    Attributes
    ----------
    name
        Short; used in file names.
    corpus
        Where the documents are, as a corpus reader takes it.
    queries
        The judged queries: id to text.
    qrels
        Their judgments.
    """

    name: str
    corpus: str
    queries: dict[str, str]
    qrels: Qrels


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
    qrels = _read_qrels(_find(folder, f"qrels/{split}.tsv"), reject)
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


def _read_qrels(path: Path, reject: Callable[[BadRecord], None]) -> Qrels:
    """Read tab-separated ``query-id corpus-id score``, with or without a header, or TREC's four."""
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


def load_catalogue_benchmark(id_: str) -> Benchmark:
    """Read the queries and judgments of a dataset of ir_datasets (extra ``ir-datasets``).

    Raises
    ------
    EvaluationError
        If the library is missing, or the dataset is unknown, cannot be fetched or has no judgments.
    """
    try:
        import ir_datasets
    except ImportError:
        raise EvaluationError(
            f"the benchmark ir_datasets:{id_} needs an extra: "
            "pip install 'corpus-tuner[ir-datasets]'"
        ) from None
    try:
        dataset = ir_datasets.load(id_)
        qrels: Qrels = {}
        for judgment in dataset.qrels_iter():
            qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.relevance
        queries = {
            query.query_id: query.default_text()
            for query in dataset.queries_iter()
            if query.query_id in qrels
        }
    except (KeyError, AttributeError) as error:
        raise EvaluationError(f"ir_datasets has no queries and judgments for {id_!r}") from error
    except (OSError, RuntimeError) as error:
        raise EvaluationError(f"ir_datasets cannot read {id_!r}: {error}") from error
    judged = {query: grades for query, grades in qrels.items() if query in queries}
    return Benchmark(id_.replace("/", "-"), f"ir_datasets:{id_}", queries, judged)
