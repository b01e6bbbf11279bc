"""Codes of postings: every posting comes back, and damage is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.posting_codes import (
    MOST_WINDOWS,
    decode_postings,
    encode_postings,
)

counts = st.integers(1, 9) | st.integers(1, 2**26)
windows = st.integers(0, 300) | st.integers(0, MOST_WINDOWS - 1)
terms = st.dictionaries(windows, counts, max_size=9)


@given(st.lists(terms, max_size=6))
def test_postings_come_back(every: list[dict[int, int]]) -> None:
    ordered = [sorted(own.items()) for own in every]
    postings = np.array([one for own in ordered for one in own], np.int64).reshape(-1, 2)
    before = [last for own in ordered for last in [-1, *(at for at, _ in own)][: len(own)]]
    codes, sizes = encode_postings(postings[:, 0], postings[:, 1], np.array(before, np.int64))
    edges = np.cumsum([0, *map(len, ordered)])
    ends = np.cumsum([0, *sizes])[edges]
    found = decode_postings(codes, np.diff(ends))
    assert found.sizes.tolist() == [*map(len, ordered)]
    assert found.windows.tolist() == postings[:, 0].tolist()
    assert found.counts.tolist() == postings[:, 1].tolist()


@pytest.mark.parametrize("codes", [[128], [3], [0, 128, 128, 128, 128, 128, 0]])
def test_what_is_no_posting_is_told(codes: list[int]) -> None:
    with pytest.raises(ValueError):
        decode_postings(np.array(codes, np.uint8), np.array([len(codes)]))
