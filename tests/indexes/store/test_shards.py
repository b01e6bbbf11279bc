"""Shards: every document in one, each made once, whatever was killed and rewritten meanwhile."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, add_digests, compute_digest
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.manifest import SegmentEntry, StoredFile
from corpus_tuner.indexes.store.segment_writer import SEGMENT
from corpus_tuner.indexes.store.shards import LEDGER, MAX_CRASHES, Shards

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
METADATA = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS, max_size=2)


def document(number: int, text: str = "") -> Document:
    return Document(f"d{number}", "", text or f"text {number}")


def opened(index: Path, taken: list[Document], chunk: int = 2) -> Shards:
    (index / "building").mkdir(parents=True, exist_ok=True)
    shards = Shards(index, index / "building")
    for some in split_into_chunks(taken, chunk):
        shards.take(some)
    return shards


class Making:
    """Makes segments that have no documents, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[list[Document]] = []

    def __call__(self, working: Path, documents: Iterator[Document]) -> SegmentEntry:
        own = [*documents]
        self.given.append(own)
        (working / "staging.sqlite").touch()
        (working / LEDGER).touch()
        (working / SEGMENT).mkdir()
        file = working / SEGMENT / "documents.sqlite"
        file.write_text(repr(own), encoding="utf-8")
        digest = add_digests("", map(compute_digest, own))
        files = {file.name: StoredFile.describe(file)}
        return SegmentEntry(
            name=SEGMENT,
            documents=len(own),
            live_documents=len(own),
            rows={},
            files=files,
            counts={},
            digest=digest,
        )


@settings(deadline=None, max_examples=30)
@given(
    texts=st.lists(st.tuples(TEXTS, TEXTS, METADATA), min_size=1, max_size=12),
    chunk=st.integers(1, 4),
    size=st.integers(1, 12),
)
def test_every_document_comes_back_in_one_shard(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[tuple[str, str, dict[str, object]]],
    chunk: int,
    size: int,
) -> None:
    documents = [Document(f"d{number}", *parts) for number, parts in enumerate(texts)]
    shards = opened(tmp_path_factory.mktemp("shards"), documents, chunk)
    making = Making()
    cut = shards.cut(size, 1)
    entries = [shards.make(shard, making) for shard in cut]
    assert [one for some in making.given for one in some] == documents
    assert all(size <= shard.documents < size + chunk for shard in cut[:-1])
    assert [entry.digest for entry in entries] == [shard.digest for shard in cut]
    assert sum(entry.documents for entry in entries) == shards.taken == len(documents)


def test_a_finished_shard_is_not_made_again(tmp_path: Path) -> None:
    documents = [document(number) for number in range(4)]
    making = Making()
    first = opened(tmp_path, documents)
    made = [first.make(shard, making) for shard in first.cut(2, 1)]
    again = opened(tmp_path, documents)
    assert again.read_finished() == tuple(made)
    assert [again.make(shard, making) for shard in again.cut(2, 1)] == made
    assert len(making.given) == 2
    assert [entry.name for entry in made] == ["000001", "000002"]
    left = {file.name for file in again.folder.glob("*/*")}
    assert left == {LEDGER}
    (tmp_path / "segments" / "000001" / "documents.sqlite").unlink()  # it is not whole any more
    assert again.read_finished() == (made[1],)
    assert [again.make(shard, making).name for shard in again.cut(2, 1)] == ["000003", "000002"]


def test_a_shard_whose_making_failed_is_gone_on_with(tmp_path: Path) -> None:
    shards = opened(tmp_path, [document(1)])
    (shard,) = shards.cut(1, 1)

    def failing(working: Path, documents: Iterator[Document]) -> SegmentEntry:
        (working / "staging.sqlite").write_text("staged", encoding="utf-8")
        raise OSError

    with pytest.raises(OSError):
        shards.make(shard, failing)
    assert (shards.folder / shard.name / "staging.sqlite").read_text(encoding="utf-8") == "staged"
    assert shards.read_finished() == ()
    assert shards.make(shard, Making()).documents == 1


def test_what_is_no_longer_the_same_file_is_refused(tmp_path: Path) -> None:
    shards = opened(tmp_path, [document(1), document(2)])
    (shard,) = shards.cut(2, 1)
    opened(tmp_path, [document(1), document(2, "other!")])  # another run, after this one was lost
    with pytest.raises(SearchIndexError, match="was written anew"):
        shards.make(shard, Making())
    assert shards.read_finished() == ()
    (shards.folder / "documents.jsonl").unlink()
    with pytest.raises(SearchIndexError, match="a folder that all machines share"):
        shards.make(shard, Making())


def test_a_shard_that_kills_whoever_makes_it_is_given_up(tmp_path: Path) -> None:
    shards = opened(tmp_path, [document(1)])
    (shard,) = shards.cut(1, 1)
    for _ in range(MAX_CRASHES):
        child = os.fork()
        if not child:
            shards.make(shard, lambda *_: os._exit(9))
        os.waitpid(child, 0)
    with pytest.raises(SearchIndexError, match=f"died {MAX_CRASHES} times"):
        shards.make(shard, Making())
    (shard,) = opened(tmp_path, [document(1)]).cut(1, 1)  # the same command again
    assert shards.make(shard, Making()).documents == 1
