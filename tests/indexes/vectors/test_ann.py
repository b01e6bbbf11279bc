"""ANN indexes compared with exact search: equal scores, and all documents by a wide search."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus_tuner.building.merge import merge
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.check import check
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.indexes.store.soft_delete import delete_documents
from corpus_tuner.indexes.store.staging import EncodedDocument
from corpus_tuner.indexes.vectors.ann import (
    AnnIndex,
    SearchParameters,
    VectorSettings,
    build_ann_index,
)
from corpus_tuner.indexes.vectors.rows import StoredRows, write_vectors
from tests.conftest import nightly
from tests.indexes.indexing import Table, encoded, write_index

DIMENSION, DOCUMENTS = 16, 900
NAMES = ("hnsw", "HNSW8", "ivf_sq8", "IVF8,Flat", "IVF8,RaBitQ")
GONE = [f"d{number}" for number in range(0, DOCUMENTS, 7)]


def vectors(name: str) -> VectorSettings:
    return VectorSettings(index=name, min_rows=300)


def exhaustive(name: str) -> SearchParameters:
    """Parameters of a search that looks at everything."""
    return dict.fromkeys(vectors(name).get_first_parameters(), 10_000)


@pytest.fixture(scope="module")
def documents() -> list[EncodedDocument]:
    """Documents of some kinds, each with one to three views."""
    chance = np.random.default_rng(0)
    kinds = chance.standard_normal((20, DIMENSION))
    vectors = [
        (kinds[number % 20] + chance.standard_normal((1 + number % 3, DIMENSION))).astype("f4")
        for number in range(DOCUMENTS)
    ]
    return [
        encoded(number, "", own / np.linalg.norm(own, axis=1, keepdims=True))
        for number, own in enumerate(vectors)
    ]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory, documents: list[EncodedDocument]) -> Path:
    """Indexes of the same documents with all ANN indexes, in three segments, some removed."""
    folder = tmp_path_factory.mktemp("ann")
    for name in (*NAMES, "flat"):
        write_index(
            folder / name,
            documents,
            segments=3,
            vectors=vectors(name),
            parameters=exhaustive(name),
        )
        delete_documents(folder / name, GONE)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@given(
    k=st.sampled_from([1, 3, 10, 100]),
    weight=st.sampled_from([0, 0.5, 1]),
    passing=st.sampled_from([None, 0.02, 0.3, 0.8]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100 if nightly() else 15, deadline=None)
def test_all_is_found_that_a_scan_finds(
    indexes: Path, name: str, k: int, weight: float, passing: float | None, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    query = chance.standard_normal(DIMENSION).astype("f4")
    encoder = Table({"q": query / np.linalg.norm(query)}, DIMENSION)
    only = None if passing is None else {"number": {"lt": int(passing * DOCUMENTS)}}
    how = SearchSettings.model_validate({"dense": {"views": weight}})
    found = {}
    for one in (name, "flat"):
        with Searcher.open(indexes / one, encoder=encoder) as searcher:
            (found[one],) = searcher.rank(["q"], k, mode="dense", settings=how, filter=only)
    assert found[name] == found["flat"]


def share_found(
    index: Path, encoder: Table, queries: list[str], every: list[list[tuple[str, float]]]
) -> float:
    """How many of the first ten are found; what is found must have its score."""
    found = 0
    with Searcher.open(index, encoder=encoder) as searcher:
        together = list(searcher.rank(queries, 10, mode="dense"))
        assert list(searcher.rank(queries[:1], 10, mode="dense")) == together[:1]
        for ten, all_ in zip(together, every, strict=True):
            scores = dict(all_)
            assert all(scores[id_] == score for id_, score in ten)
            found += len({*ten} & {*all_[:10]})
    return found / 10 / len(queries)


@pytest.mark.parametrize("name", NAMES)
def test_a_look_at_little_finds_nearly_all_with_exact_scores(
    tmp_path: Path, indexes: Path, documents: list[EncodedDocument], name: str
) -> None:
    write_index(tmp_path, documents, segments=3, vectors=vectors(name))
    delete_documents(tmp_path, GONE)
    entry = read_manifest(tmp_path)
    assert [bool(segment.ann_index) for segment in entry.segments] == [True] * 3
    queries = {str(number): one.vectors[0] for number, one in enumerate(documents[:50])}
    encoder = Table(queries, DIMENSION)
    with Searcher.open(indexes / "flat", encoder=encoder) as searcher:
        every = list(searcher.rank([*queries], DOCUMENTS, mode="dense"))
    separate = share_found(tmp_path, encoder, [*queries], every)
    merge(tmp_path)
    merged = read_manifest(tmp_path)
    assert len(merged.segments) == 1
    assert merged.segments[0].ann_index
    assert merged.vectors.queries is None  # to be measured again
    assert check(tmp_path) == []
    assert min(separate, share_found(tmp_path, encoder, [*queries], every)) > 0.9


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> StoredRows:
    file = tmp_path_factory.mktemp("rows") / "rows.faiss"
    vectors = np.random.default_rng(0).standard_normal((500, DIMENSION)).astype("f4")
    write_vectors([vectors], 500, DIMENSION, "float16", file)
    return StoredRows(file, DIMENSION, "float16")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_rows_give_the_same_file_and_a_full_disk_is_reported(
    tmp_path: Path, rows: StoredRows, name: str
) -> None:
    for file in ("one", "other"):
        build_ann_index(vectors(name), rows, tmp_path / file)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left on device"):
            build_ann_index(vectors(name), rows, Path("/dev/full"))


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_or_searched(tmp_path: Path, rows: StoredRows, name: str) -> None:
    build_ann_index(vectors(name), rows, tmp_path / "whole")
    parameters = vectors(name).get_first_parameters()
    whole = (tmp_path / "whole").read_bytes()
    chance = np.random.default_rng(1)
    for cut in (0, 10, len(whole) // 2):  # its size is compared with the manifest before that
        (tmp_path / "cut").write_bytes(whole[:cut])
        with pytest.raises(SearchIndexError, match="check"):
            AnnIndex(rows, tmp_path / "cut", name, parameters)
    for _ in range(300 if nightly() else 30):
        flipped = bytearray(whole)
        flipped[chance.integers(len(whole))] ^= 1 << int(chance.integers(8))
        (tmp_path / "flipped").write_bytes(flipped)
        try:
            opened = AnnIndex(rows, tmp_path / "flipped", name, parameters)
            found = opened.search(rows.vectors(np.arange(5)), 20).rows
        except SearchIndexError:
            continue
        assert found.max() < rows.count


def test_a_file_of_another_index_is_refused(tmp_path: Path, rows: StoredRows) -> None:
    build_ann_index(vectors("ivf_sq8"), rows, tmp_path / "file")
    with pytest.raises(SearchIndexError, match="does not index 500 vectors of 16 dimensions"):
        AnnIndex(rows, tmp_path / "file", "hnsw", vectors("hnsw").get_first_parameters())


@pytest.mark.parametrize(
    "name", ["hnsv", "HNSW0", "HNSW16,SQ8", "IVF8", "IVF0,Flat", "IVF8,PQ8", "SQ8", "", "flat,flat"]
)
def test_an_index_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="is not one of flat, hnsw, ivf_sq8, HNSW<links>"):
        vectors(name)


def test_small_segments_have_no_index() -> None:
    assert not vectors("flat").needs_index(10**9)
    assert [vectors("hnsw").needs_index(rows) for rows in (299, 300)] == [False, True]
    assert [vectors("IVF500,Flat").needs_index(rows) for rows in (499, 500)] == [False, True]


def test_parameters_are_raised_one_at_a_time_to_a_limit() -> None:
    settings = vectors("ivf_sq8")
    first = settings.get_first_parameters()
    assert first == {"nprobe": 16, "rescore": 2}
    assert list(settings.raise_parameters(first)) == [
        {"nprobe": 32, "rescore": 2},
        {"nprobe": 16, "rescore": 4},
    ]
    assert list(settings.raise_parameters({"nprobe": 1024, "rescore": 128})) == []
    assert vectors("flat").get_first_parameters() == {}
