"""Training examples: synthetic queries with passages, hard negatives and teacher scores."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.encoders import Vectors
from corpus_tuner.tuning.encoder.synthetic_queries import SyntheticQuery
from corpus_tuner.tuning.encoder.teacher import Teaching

Row = dict[str, Any]
"""``query``, ``passage``, ``negative_1`` and so on, ``other``, and their ``label``."""
Rank = Callable[[Sequence[tuple[int, SyntheticQuery]]], Iterable[Teaching | None]]
"""Function that ranks documents for queries: `corpus_tuner.tuning.encoder.teacher.Teacher.rank`."""
_Ranked = tuple[int, SyntheticQuery, Teaching | None]

_CHUNK = 256


def make_examples(
    queries: Iterator[tuple[int, SyntheticQuery]],
    documents: int,
    batch_size: int,
    steps: int,
    rank: Rank | None,
    others: Sequence[tuple[str, Vectors]] = (),
) -> Iterator[Row]:
    """Yield the rows of some batches; a batch has one query of a document.

    Parameters
    ----------
    queries
        Queries without end, with the positions of their documents.
    documents
        Number of documents.
    batch_size
        Number of rows in a batch.
    steps
        Number of batches.
    rank
        The teacher; without one, only the other passages of a batch are negatives.
    others
        Texts whose vectors must not change, and these.
    """
    other = cycle(others)
    rows = _separate_documents(_rank_queries(queries, rank), min(batch_size, documents))
    for batch in split_into_chunks(islice(rows, steps * batch_size), batch_size):
        for row in _label_batch(batch):
            if others:
                text, vector = next(other)
                row["other"] = text
                row["label"] += vector.tolist()
            yield row


def _rank_queries(
    queries: Iterator[tuple[int, SyntheticQuery]], rank: Rank | None
) -> Iterator[_Ranked]:
    """Yield queries without end, with the teacher's ranking if there is one."""
    if rank is None:
        yield from ((position, query, None) for position, query in queries)
        return
    for some in split_into_chunks(queries, _CHUNK):
        for (position, query), teaching in zip(some, rank(some), strict=True):
            if teaching is not None:
                yield position, query, teaching


def _separate_documents(ranked: Iterable[_Ranked], size: int) -> Iterator[_Ranked]:
    """Yield queries such that each `size` in a row are of different documents."""
    seen: set[int] = set()
    for one in ranked:
        position, *_ = one
        if position in seen:
            continue
        seen.add(position)
        if len(seen) == size:
            seen.clear()
        yield one


def _label_batch(batch: Sequence[_Ranked]) -> Iterator[Row]:
    """Yield the rows of a batch; a label has the scores of all its passages and negatives."""
    rankings = [teaching for *_, teaching in batch if teaching is not None]
    columns = zip(*(teaching.negatives for teaching in rankings), strict=True)
    documents = [teaching.relevant for teaching in rankings]
    documents += [ordinal for column in columns for ordinal, _ in column]
    for _, query, teaching in batch:
        row: Row = {"query": query.text, "passage": query.passage, "label": [0.0]}
        if teaching is not None:
            for number, (_, text) in enumerate(teaching.negatives, start=1):
                row[f"negative_{number}"] = text
            row["label"] = teaching.get_scores(documents)
        yield row
