"""Runs: the ranking of every query, in memory and as TREC files."""

import heapq
from collections.abc import Iterable, Sequence
from math import isfinite, nan
from pathlib import Path

import numpy as np

from corpus_tuner.core.files import write_atomically
from corpus_tuner.core.records import WHITE_SPACE, BadRecord, read_lines, split_columns
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.trec.ids import decode_id, encode_id, find_id_problem

Ranking = list[tuple[str, float]]
"""Document ids and scores, best first."""
Run = dict[str, Ranking]
"""Rankings by query id."""


def break_ties(ranking: Iterable[tuple[str, float]]) -> Ranking:
    """Order a ranking by score, equal scores by document id, and make all its scores differ.

    Evaluation tools break ties in different ways, and trec_eval reads scores as float32. All of
    them see the same order in the result.

    Examples
    --------
    >>> [document for document, _ in break_ties([("b", 0.5), ("a", 0.5), ("c", 0.75)])]
    ['c', 'a', 'b']
    """
    return _separate_scores(sorted(ranking, key=lambda pair: (-pair[1], pair[0])))


def _separate_scores(ranking: Iterable[tuple[str, float]]) -> Ranking:
    """Lower every score that is not below the one before it to the next smaller float32."""
    strict: Ranking = []
    above = np.float32(np.inf)
    for document, score in ranking:
        above = min(np.float32(score), np.nextafter(above, np.float32(-np.inf)))
        strict.append((document, float(above)))
    return strict


def keep_best(ranking: Ranking, ids: Sequence[str], scores: Sequence[float], depth: int) -> Ranking:
    """Return the first `depth` of a ranking and further documents; ties go to the smaller id.

    Examples
    --------
    >>> keep_best([("b", 0.5)], ["a", "c"], [0.25, 0.75], depth=2)
    [('c', 0.75), ('b', 0.5)]
    """
    every = [*ranking, *zip(ids, scores, strict=True)]
    return heapq.nsmallest(depth, every, key=lambda pair: (-pair[1], pair[0]))


def read_run(path: Path) -> Run:
    r"""Read a TREC run file: ``query Q0 document rank score tag``.

    Ranks are ignored, as trec_eval ignores them: documents are ordered by score, compared as
    float32, and equal scores by document id, both descending. The scores of the result differ, so
    that every measure sees this order. Ids are decoded (`corpus_tuner.eval.trec.ids.decode_id`).

    Parameters
    ----------
    path
        File whose columns are separated by tabs or other white space, with or without the tag;
        gzipped or not, or a pipe; ``-`` is standard input.

    Raises
    ------
    EvaluationError
        If a line has another format, or a document comes twice for a query.

    Examples
    --------
    >>> file = example_benchmark / "run.trec"
    >>> _ = file.write_text("q1 Q0 a 1 0.5 x\nq1 Q0 My%20notes.md 2 0.5 x\n")
    >>> [document for document, _ in read_run(file)["q1"]]
    ['a', 'My notes.md']
    """
    scores: dict[str, dict[str, np.float32]] = {}
    interned: dict[str, str] = {}  # every id once in memory, however many rankings have it
    for position, line in read_lines(path):
        if isinstance(line, BadRecord):
            raise EvaluationError(str(line))
        cells = [cell.strip(WHITE_SPACE) for cell in line.rstrip(WHITE_SPACE).split("\t")]
        if len(cells) not in (5, 6):
            cells = split_columns(line)
        if len(cells) not in (5, 6):
            raise EvaluationError(
                f"{position}: not a TREC run, whose columns are query Q0 document rank score tag; "
                f"it has {len(cells)} columns (white space in an id is written as %20)"
            )
        query, _, document, _, number = cells[:5]
        try:
            score = float(number)
        except ValueError:
            score = nan
        if not isfinite(score):
            raise EvaluationError(f"{position}: the score is no number ({number!r})")
        for id_ in (query, document):
            if problem := find_id_problem(id_):
                raise EvaluationError(f"{position}: the id {id_!r} cannot be used: {problem}")
        ranking = scores.setdefault(query, {})
        if document in ranking:
            raise EvaluationError(f"{position}: {document!r} comes twice for the query {query!r}")
        with np.errstate(over="ignore"):  # it becomes infinite, as in trec_eval
            ranking[interned.setdefault(document, document)] = np.float32(score)
    return {decode_id(query): _order_as_trec_eval(ranking) for query, ranking in scores.items()}


def _order_as_trec_eval(ranking: dict[str, np.float32]) -> Ranking:
    ordered = sorted(ranking.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
    return _separate_scores((decode_id(document), float(score)) for document, score in ordered)


def remove_query_documents(run: Run) -> Run:
    """Remove from every ranking the document whose id is that of the query.

    Examples
    --------
    >>> remove_query_documents({"a": [("a", 1.0), ("b", 0.5)]})
    {'a': [('b', 0.5)]}
    """
    return {query: [pair for pair in ranking if pair[0] != query] for query, ranking in run.items()}


def write_run(run: Run, path: Path, tag: str) -> None:
    r"""Write a TREC run file: ``query Q0 document rank score tag``, in one step.

    White space of ids and tag is percent-encoded (`corpus_tuner.eval.trec.ids.encode_id`), and the
    scores of a query all differ (`break_ties`).

    Raises
    ------
    CorpusTunerError
        If the file cannot be written.

    Examples
    --------
    >>> write_run({"q1": [("My notes.md", 0.5)]}, example_benchmark / "run.trec", "mine")
    >>> (example_benchmark / "run.trec").read_text()
    'q1 Q0 My%20notes.md 1 0.5 mine\n'
    """
    with write_atomically(path) as file:
        for query, ranking in run.items():
            for rank, (document, score) in enumerate(break_ties(ranking), start=1):
                columns = (encode_id(query), "Q0", encode_id(document), rank, np.float32(score))
                file.write(f"{' '.join(map(str, columns))} {encode_id(tag)}\n".encode())
