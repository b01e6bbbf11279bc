"""Rows of training batches."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.tuning.encoder.synthetic_queries import SyntheticQuery
from corpus_tuner.tuning.encoder.training_examples import make_examples

ORDINALS = [10, 11, 12, 13, 14]
Query = tuple[int, SyntheticQuery]


def _generate(documents: int) -> Iterator[Query]:
    for number in count():
        position = number * 7 % 5 % documents
        yield position, SyntheticQuery(f"q{number}", f"p{position}")


def _rank(queries: Sequence[str]) -> list[Mapping[int, float]]:
    return [dict.fromkeys(ORDINALS, 1.0) for _ in queries]


@given(documents=st.integers(1, 5), size=st.integers(1, 4), steps=st.integers(1, 4))
def test_queries_in_a_row_are_of_different_documents(documents: int, size: int, steps: int) -> None:
    queries = _generate(documents)
    rows = list(make_examples(queries, ORDINALS[:documents], size, steps, _rank))
    assert len(rows) == size * steps
    different = min(size, documents)
    for start in range(0, len(rows), different):
        passages = [row["passage"] for row in rows[start : start + different]]
        assert len(set(passages)) == len(passages)
    assert all(list(row) == ["query", "passage", "label"] for row in rows)


def test_labels_are_the_scores_of_all_passages_of_the_batch() -> None:
    def rank(queries: Sequence[str]) -> Iterator[Mapping[int, float]]:
        for number, query in enumerate(queries):
            own = ORDINALS[number * 7 % 5]
            yield {99: 2.0} if query == "q1" else {own: 1.0, 98: 0.25}

    rows = list(make_examples(_generate(5), ORDINALS, 2, 1, rank))
    assert [row["query"] for row in rows] == ["q0", "q2"]  # the teacher does not retrieve q1's
    # What was not retrieved has the lowest score.
    assert [row["label"] for row in rows] == [[1.0, 0.25], [0.25, 1.0]]
