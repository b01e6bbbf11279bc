"""Vectors that are stored, searched and read again."""

from pathlib import Path
from typing import get_args

import faiss
import numpy as np
import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.representations import Storage
from corpus_tuner.indexes.vectors.rows import (
    StoredRows,
    create_storage,
    limit_threads,
    write_vectors,
)

DIMENSION, ROWS = 8, 60
VECTORS = np.random.default_rng(0).standard_normal((ROWS, DIMENSION)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
PRECISION: dict[Storage, float] = {"float32": 0, "float16": 1e-3, "int8": 1e-2}


def write(folder: Path, storage: Storage, parts: int = 1) -> Path:
    file = folder / f"{storage}.{parts}.faiss"
    write_vectors(np.array_split(VECTORS, parts), ROWS, DIMENSION, storage, file)
    return file


@pytest.mark.parametrize("storage", get_args(Storage))
def test_vectors_come_back_as_precise_as_they_are_stored(tmp_path: Path, storage: Storage) -> None:
    file = write(tmp_path, storage, parts=4)
    assert file.read_bytes() == write(tmp_path, storage).read_bytes()
    rows = StoredRows(file, DIMENSION, storage)
    every = np.arange(ROWS)
    assert rows.count == ROWS
    np.testing.assert_allclose(rows.vectors(every), VECTORS, atol=PRECISION[storage])
    np.testing.assert_allclose(rows.vectors(every), rows.index.reconstruct_n(0, ROWS), atol=1e-6)
    assert np.array_equal(rows.vectors(np.array([5, 2])), rows.vectors(every)[[5, 2]])


@pytest.mark.parametrize("storage", get_args(Storage))
def test_faiss_writes_the_same_file(tmp_path: Path, storage: Storage) -> None:
    index = create_storage(storage, DIMENSION)
    index.add(VECTORS)
    faiss.write_index(index, str(tmp_path / "faiss"))
    assert (tmp_path / "faiss").read_bytes() == write(tmp_path, storage).read_bytes()


@pytest.mark.parametrize("storage", get_args(Storage))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1])
def test_the_nearest_allowed_rows_are_found(tmp_path: Path, storage: Storage, share: float) -> None:
    rows = StoredRows(write(tmp_path, storage), DIMENSION, storage)
    allowed = np.arange(ROWS) < share * ROWS
    scores = np.stack([rows.similarities(query, np.arange(ROWS)) for query in VECTORS[:9]])
    found = rows.search(VECTORS[:9], 5, allowed)
    assert found.exact
    for own, near in zip(scores, found.rows, strict=True):
        best = sorted(np.flatnonzero(allowed), key=lambda row: -own[row])[:5]
        assert [row for row in near if row >= 0][:5] == best


@pytest.mark.parametrize("storage", get_args(Storage))
def test_similarities_do_not_depend_on_other_rows(tmp_path: Path, storage: Storage) -> None:
    rows = StoredRows(write(tmp_path, storage), DIMENSION, storage)
    every = rows.similarities(VECTORS[0], np.arange(ROWS))
    one_by_one = [rows.similarities(VECTORS[0], np.array([row]))[0] for row in range(ROWS)]
    assert every.tolist() == one_by_one
    assert rows.similarities(VECTORS[0], np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("storage", get_args(Storage))
def test_no_vectors_are_a_file_as_well(tmp_path: Path, storage: Storage) -> None:
    write_vectors([], 0, DIMENSION, storage, tmp_path / "none")
    assert StoredRows(tmp_path / "none", DIMENSION, storage).count == 0


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "float16")
    for dimension, storage in ((DIMENSION + 1, "float16"), (DIMENSION, "int8")):
        with pytest.raises(SearchIndexError, match=f"no {storage} vectors of {dimension} dim"):
            StoredRows(file, dimension, storage)  # type: ignore[arg-type]
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:10], b"", whole + b"x", b"y" + whole[1:]):
        file.write_bytes(damaged)
        with pytest.raises(SearchIndexError, match="is damaged"):
            StoredRows(file, DIMENSION, "float16")
    file.unlink()
    with pytest.raises(SearchIndexError, match="cannot read"):
        StoredRows(file, DIMENSION, "float16")


def test_threads_are_as_they_were_afterwards() -> None:
    before = faiss.omp_get_max_threads()
    with pytest.raises(ZeroDivisionError), limit_threads(1):
        assert faiss.omp_get_max_threads() == 1
        _ = 1 / 0
    assert faiss.omp_get_max_threads() == before
