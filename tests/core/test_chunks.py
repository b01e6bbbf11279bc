"""Chunks of a stream."""

from itertools import count, islice

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.core.chunks import split_into_chunks


@given(st.lists(st.integers()), st.integers(1, 10))
def test_chunks_have_every_item_in_order(items: list[int], size: int) -> None:
    chunks = list(split_into_chunks(items, size))
    assert [item for chunk in chunks for item in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(chunks)


def test_an_endless_stream_is_read_chunk_by_chunk() -> None:
    stream = count()
    assert list(islice(split_into_chunks(stream, 3), 2)) == [[0, 1, 2], [3, 4, 5]]
    assert next(stream) == 6
