"""Exact search, compared with a brute-force scorer."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexes.dense import DenseSegment, write_flat


@given(
    documents=st.integers(1, 40),
    windows=st.integers(1, 5),
    k=st.integers(1, 50),
    levels=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_top_documents_are_those_of_brute_force(
    tmp_path: Path, documents: int, windows: int, k: int, levels: int, seed: int
) -> None:
    # Few levels of few dimensions: plenty of ties, between documents and within them.
    chance = np.random.default_rng(seed)
    counts = chance.integers(1, windows + 1, documents)
    owners = np.repeat(np.arange(documents), counts)
    vectors = chance.integers(-levels, levels + 1, (len(owners), 3)).astype("<f4")
    queries = chance.integers(-levels, levels + 1, (4, 3)).astype(np.float32)
    vectors.tofile(tmp_path / "raw")
    write_flat(tmp_path / "raw", 3, tmp_path / "v.faiss")
    np.save(tmp_path / "r.npy", np.stack([owners, np.arange(len(owners))], 1).astype(np.int32))

    segment = DenseSegment(tmp_path / "v.faiss", tmp_path / "r.npy", 3)
    for query, found in zip(queries, segment.top_documents(queries, k), strict=True):
        scores = vectors @ query
        best = {d: (scores[owners == d].max()) for d in range(documents)}
        kth = sorted(best.values(), reverse=True)[min(k, documents) - 1]
        expected = {d: score for d, score in best.items() if score >= kth}
        assert {document: score for document, _, score in found} == expected
        assert [hit[2] for hit in found] == sorted((hit[2] for hit in found), reverse=True)
        for document, view, score in found:
            assert view == np.flatnonzero((owners == document) & (scores == score))[0]


def test_an_empty_segment_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "raw").touch()
    write_flat(tmp_path / "raw", 3, tmp_path / "v.faiss")
    np.save(tmp_path / "r.npy", np.zeros((0, 2), dtype=np.int32))
    segment = DenseSegment(tmp_path / "v.faiss", tmp_path / "r.npy", 3)
    assert segment.top_documents(np.ones((2, 3), dtype=np.float32), 5) == [[], []]
