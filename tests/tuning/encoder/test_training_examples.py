"""Rows of training batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.tuning.encoder.synthetic_queries import SyntheticQuery
from corpus_tuner.tuning.encoder.teacher import Teaching
from corpus_tuner.tuning.encoder.training_examples import make_examples

Query = tuple[int, SyntheticQuery]


def _generate(documents: int) -> Iterator[Query]:
    for number in count():
        position = number * 7 % 5 % documents
        yield position, SyntheticQuery(f"q{number}", f"p{position}")


@given(documents=st.integers(1, 5), size=st.integers(1, 4), steps=st.integers(1, 4))
def test_queries_in_a_row_are_of_different_documents(documents: int, size: int, steps: int) -> None:
    rows = list(make_examples(_generate(documents), documents, size, steps, None))
    assert len(rows) == size * steps
    different = min(size, documents)
    for start in range(0, len(rows), different):
        passages = [row["passage"] for row in rows[start : start + different]]
        assert len(set(passages)) == len(passages)
    assert all(list(row) == ["query", "passage", "label"] for row in rows)


def test_labels_are_the_scores_of_all_passages_and_negatives_of_the_batch() -> None:
    def rank(queries: Sequence[Query]) -> Iterable[Teaching | None]:
        for position, query in queries:
            negative = position + 10
            scores = {position: 1.0, negative: 0.25}
            yield (
                Teaching(position, [(negative, f"n{position}")], scores)
                if (query.text != "q1")
                else None
            )

    rows = list(make_examples(_generate(5), 5, 2, 1, rank))
    assert [row["query"] for row in rows] == ["q0", "q2"]  # the teacher does not retrieve q1's
    assert [row["negative_1"] for row in rows] == ["n0", "n4"]
    # Columns are both passages, then both negatives; what was not retrieved has the lowest score.
    assert rows[0]["label"] == [1.0, 0.25, 0.25, 0.25]
    assert rows[1]["label"] == [0.25, 1.0, 0.25, 0.25]


def test_texts_to_keep_are_in_every_row_in_turn_with_their_vectors() -> None:
    others = [("a", np.array([1, 0], np.float32)), ("b", np.array([0, 1], np.float32))]
    rows = list(make_examples(_generate(5), 5, 3, 1, None, others))
    assert [row["other"] for row in rows] == ["a", "b", "a"]
    assert [row["label"][-2:] for row in rows] == [[1, 0], [0, 1], [1, 0]]
