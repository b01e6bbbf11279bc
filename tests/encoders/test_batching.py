"""Batches of texts by their lengths in tokens."""

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.encoders.batching import (
    batch_by_tokens,
    batch_equal_lengths,
    batch_similar_lengths,
)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 30))
def test_batches_hold_every_text_once(lengths: list[int], size: int) -> None:
    for batches in (
        list(batch_equal_lengths(lengths, size)),
        list(batch_by_tokens(lengths, size)),
        list(batch_similar_lengths(lengths, size)),
    ):
        assert sorted(position for batch in batches for position in batch) == [*range(len(lengths))]
    for batch in batch_by_tokens(lengths, size):
        assert len({lengths[position] for position in batch}) == 1
        assert len(batch) == 1 or sum(lengths[position] for position in batch) <= max(size, 0)
