"""Training examples: synthetic queries with passages and teacher scores."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.tuning.encoder.synthetic_queries import SyntheticQuery

Rank = Callable[[Sequence[str]], Iterable[Mapping[int, float]]]
"""Function that ranks documents for queries: `corpus_tuner.tuning.encoder.teacher.Teacher.rank`."""
_Ranked = tuple[int, SyntheticQuery, Mapping[int, float]]

_CHUNK = 256


def make_examples(
    queries: Iterator[tuple[int, SyntheticQuery]],
    ordinals: Sequence[int],
    batch_size: int,
    steps: int,
    rank: Rank,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of some batches; a batch has one query of a document.

    Parameters
    ----------
    queries
        Queries without end, with the positions of their documents.
    ordinals
        Ordinals of the documents in the teacher's index.
    batch_size
        Number of rows in a batch.
    steps
        Number of batches.
    rank
        Ranking of the teacher.

    Yields
    ------
    ``query``, ``passage``, and as ``label`` the teacher's scores of all passages of the batch.
    """
    ranked = _rank_queries(queries, ordinals, rank)
    rows = _separate_documents(ranked, min(batch_size, len(ordinals)))
    for batch in split_into_chunks(islice(rows, steps * batch_size), batch_size):
        for _, query, scores in batch:
            lowest = min(scores.values())  # of documents that were not retrieved, too
            label = [scores.get(ordinal, lowest) for ordinal, *_ in batch]
            yield {"query": query.text, "passage": query.passage, "label": label}


def _rank_queries(
    queries: Iterator[tuple[int, SyntheticQuery]], ordinals: Sequence[int], rank: Rank
) -> Iterator[_Ranked]:
    """Yield queries without end for which the teacher retrieves their document, by ordinal."""
    for some in split_into_chunks(queries, _CHUNK):
        rankings = rank([query.text for _, query in some])
        for (position, query), scores in zip(some, rankings, strict=True):
            if ordinals[position] in scores:
                yield ordinals[position], query, scores


def _separate_documents(ranked: Iterable[_Ranked], size: int) -> Iterator[_Ranked]:
    """Yield queries such that each `size` in a row are of different documents."""
    seen: set[int] = set()
    for one in ranked:
        ordinal, *_ = one
        if ordinal in seen:
            continue
        seen.add(ordinal)
        if len(seen) == size:
            seen.clear()
        yield one
