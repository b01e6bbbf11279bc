"""Postings: what is read is what was counted, however it was written."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.core.arrays import save_array
from corpus_tuner.errors import DamagedError
from corpus_tuner.indexes.lexical import postings
from corpus_tuner.indexes.lexical.postings import (
    Postings,
    hash_terms,
    merge_postings,
    write_postings,
)
from corpus_tuner.indexes.lexical.words import DocumentTerms


def written(terms: list[str]) -> DocumentTerms:
    """A document of these terms, of which half count in its length."""
    return DocumentTerms(terms, len(terms) // 2)


TERMS = ["mill", "river", "wheat", "", "ä", "\ud800"]


@given(st.lists(st.lists(st.sampled_from(TERMS), max_size=8), max_size=9), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_counts_are_those_of_the_documents(documents: list[list[str]], at_once: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr(postings, "_AT_ONCE", at_once)
        write_postings(map(written, documents), Path(name), "words")
        read = Postings(Path(name), "words")
        assert read.lengths.tolist() == [len(document) // 2 for document in documents]
        keys = hash_terms([*TERMS, "unknown"])
        having = [sum(term in document for document in documents) for term in TERMS]
        some = read.read(*read.locate(keys))
        found = [
            *zip(
                np.repeat(np.arange(len(keys)), some.sizes).tolist(),
                some.counts.tolist(),
                some.windows.tolist(),
                strict=True,
            )
        ]
        assert len(found) == sum(having)
        for term, count, ordinal in found:
            assert count == Counter(documents[ordinal])[TERMS[term]]
        assert sorted(path.suffix for path in Path(name).iterdir()) == [".npy"] * 5


def test_a_term_that_is_there_very_often(tmp_path: Path) -> None:
    write_postings([written(["mill"] * 70_000), written(["mill"] * 300)], tmp_path, "words")
    read = Postings(tmp_path, "words")
    found = read.read(*read.locate(hash_terms(["mill"])))
    assert found.counts.tolist() == [70_000, 300]


@given(
    st.lists(
        st.lists(
            st.tuples(st.lists(st.sampled_from(TERMS), max_size=8), st.booleans()), max_size=6
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 5),
)
@settings(max_examples=50, deadline=None)
def test_merged_postings_are_those_of_what_is_left(
    segments: list[list[tuple[list[str], bool]]], block: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr(postings, "_BLOCK", block)
        parts = []
        for number, segment in enumerate(segments):
            folder = Path(name) / str(number)
            folder.mkdir()
            write_postings((written(terms) for terms, _ in segment), folder, "words")
            live_docs = np.array([there for _, there in segment], bool)
            parts.append((Postings(folder, "words"), live_docs))
        for kind in ("merged", "fresh"):
            (Path(name) / kind).mkdir()
        merge_postings(parts, Path(name) / "merged", "words")
        left = [terms for segment in segments for terms, there in segment if there]
        write_postings(map(written, left), Path(name) / "fresh", "words")
        for file in (Path(name) / "fresh").iterdir():
            assert (Path(name) / "merged" / file.name).read_bytes() == file.read_bytes()


def test_most_postings_take_two_bytes(tmp_path: Path) -> None:
    write_postings([written(["mill", "river"])] * 200, tmp_path, "words")
    for name in ("windows", "counts"):
        values = np.load(tmp_path / f"words.{name}.npy")
        assert values.nbytes == 2 * 200


@pytest.mark.parametrize(
    ("name", "values"),
    [("windows", [0, 1, 3]), ("windows", [0, 1]), ("counts", [1]), ("starts", [4, 3])],
)
def test_damaged_postings_are_told(tmp_path: Path, name: str, values: list[int]) -> None:
    write_postings([written(["mill"])] * 3, tmp_path, "words")
    save_array(tmp_path / f"words.{name}.npy", np.array(values, np.uint8))
    save_array(tmp_path / "words.keys.npy", hash_terms(["mill"]))
    with pytest.raises(DamagedError):
        read = Postings(tmp_path, "words")
        read.read(*read.locate(hash_terms(["mill"])))
