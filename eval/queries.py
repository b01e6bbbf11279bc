"""Queries from a file: BEIR's ``queries.jsonl``, tab-separated ids and texts, or plain lines."""

from collections import Counter
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.records import BadRecord, read_json_lines, read_lines
from corpus_tuner.eval.rows import read_rows, uses_quotes


def read_queries(
    path: Path,
    reject: Callable[[BadRecord], None] | None = None,
    wanted: Container[str] | None = None,
) -> dict[str, str]:
    r"""Read queries, by id, in the order of the file.

    Parameters
    ----------
    path
        ``.jsonl`` with ``_id`` and ``text``; ``.tsv`` with an id and a text, quoted or not
        (`corpus_tuner.eval.rows.uses_quotes`); in any other file each line is a query, and its
        number is its id. It may be gzipped.
    reject
        Called with every record that cannot be used, which is then left out; by default the first
        one is an error.
    wanted
        Ids; others are passed over. By default all.

    Raises
    ------
    EvaluationError
        If the file cannot be read or, without `reject`, a record is bad.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "queries.tsv")
    ...     _ = file.write_text("q1\twho owns the mill\n")
    ...     read_queries(file)
    {'q1': 'who owns the mill'}
    """
    reject = reject or refuse
    queries: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for found in _found(path):
        if isinstance(found, BadRecord):
            reject(found)
            continue
        position, query, text = found
        if not isinstance(query, str | int) or isinstance(query, bool) or query == "":
            reject(BadRecord(position, "_id", "missing, or neither text nor a number"))
            continue
        query = str(query)
        if wanted is not None and query not in wanted:
            continue
        seen[query] += 1
        if not isinstance(text, str) or not text.strip():
            reject(BadRecord(position, "text", "missing or empty"))
        elif seen[query] > 1:
            reject(BadRecord(position, "_id", "duplicate id", repr(query)))
        else:
            queries[query] = text
    return queries


def refuse(bad: BadRecord) -> None:
    """Raise a record that cannot be used as an error."""
    raise EvaluationError(str(bad))


def _found(path: Path) -> Iterator[tuple[str, object, object] | BadRecord]:
    """Yield the position in the file, the id and the text of every record."""
    kind = Path(path.name.removesuffix(".gz")).suffix
    if kind == ".jsonl":
        for record in read_json_lines(path):
            if isinstance(record, BadRecord):
                yield record
            else:
                yield record.location, record.fields.get("_id"), record.fields.get("text")
        return
    if kind == ".tsv":
        for row in read_rows(path, "\t", quoted=uses_quotes(path, "\t")):
            if isinstance(row, BadRecord):
                yield row
            else:
                query, *texts = row.cells
                yield row.location, query.strip(), "\t".join(texts).strip()
        return
    for position, line in read_lines(path):
        if isinstance(line, BadRecord):
            yield line
        else:
            yield position, position.rpartition(":")[2], line.strip()
