"""What is staged stays, by document, whatever the order and whatever was killed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.representations import open_representation, passage, views
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from tests.indexes.indexing import encoded

REPRESENTATIONS = [open_representation(passage.Settings()), open_representation(views.Settings())]


def open_staging(folder: Path) -> Staging:
    return Staging(folder, REPRESENTATIONS, 2)


def document(number: int) -> EncodedDocument:
    vectors = np.full((1 + number % 3, 2), number, np.float32)
    made = encoded(number, f"text {number}", vectors)
    return made._replace(counts={"written": number})


@settings(deadline=None, max_examples=30)
@given(
    chunks=st.lists(st.lists(st.integers(0, 9), unique=True), max_size=5),
    order=st.permutations(range(10)),
)
def test_documents_come_back_in_the_order_of_the_corpus(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[int]], order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("staging") / "s"
    for chunk in chunks:  # each by a build that ended
        staging = open_staging(folder)
        missing = {
            found.id for found in staging.find_missing([document(n).document for n in chunk])
        }
        staging.add([document(n) for n in chunk if f"d{n}" in missing])
        assert staging.find_missing([document(n).document for n in chunk]) == []
        staging.close()
    staging = open_staging(folder)
    every = [document(number) for number in order]
    left = {found.id for found in staging.find_missing([one.document for one in every])}
    assert left == {f"d{n}" for n in range(10)} - {f"d{n}" for chunk in chunks for n in chunk}
    staging.add([one for one in every if one.document.id in left])
    staging.arrange([one.document for one in every])
    assert staging.documents == 10
    for made, stored in zip(every, staging.read_stored(), strict=True):
        assert stored.document == made.document
        assert stored.views == made.views
        kinds = Counter(f"view: {view.kind}" for view in made.views)
        assert stored.counts == {**made.counts, **kinds}
    for representation, most in zip(REPRESENTATIONS, (1, None), strict=True):
        rows = staging.read_rows(representation)
        assert rows.counts.tolist() == [len(made.vectors[:most]) for made in every]
        assert rows.views.tolist() == [at for made in every for at in range(len(made.views[:most]))]
        vectors = np.concatenate([made.vectors[:most] for made in every])
        assert np.array_equal(np.concatenate([*rows.vectors]), vectors)
    staging.close()


def test_a_chunk_is_staged_whole_or_not(tmp_path: Path) -> None:
    staging = open_staging(tmp_path / "s")

    def broken() -> "list[EncodedDocument]":
        return [document(1), document(2)._replace(vectors=np.zeros((0, 2), np.float32))]

    with pytest.raises(IndexError):
        staging.add(broken())
    assert len(staging.find_missing([document(1).document])) == 1
    staging.add([document(1)])
    assert staging.find_missing([document(1).document]) == []


def test_a_damaged_folder_says_what_to_do(tmp_path: Path) -> None:
    staging = open_staging(tmp_path / "s")
    staging.add([document(1)])
    staging.close()
    (tmp_path / "s" / "staging.sqlite").write_bytes(b"no database at all, but long enough for one")
    with pytest.raises(SearchIndexError, match=r"is damaged .* delete that folder"):
        open_staging(tmp_path / "s")
