"""Memory-mapped arrays in ``.npy`` files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner.core.arrays import load_array, save_array, write_header
from corpus_tuner.errors import SearchIndexError

ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@ONE_FOLDER
@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.sampled_from([np.int32, np.int64]))
def test_an_array_comes_back(tmp_path: Path, values: list[int], dtype: type[np.generic]) -> None:
    save_array(tmp_path / "a.npy", np.array(values, dtype))
    loaded = load_array(tmp_path / "a.npy", np.int32, np.int64)
    assert loaded.dtype == dtype
    assert loaded.tolist() == values == np.load(tmp_path / "a.npy").tolist()


@ONE_FOLDER
@given(st.data())
def test_a_file_that_is_cut_is_damaged(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "a.npy"
    save_array(file, np.arange(20))
    file.write_bytes(file.read_bytes()[: data.draw(st.integers(0, file.stat().st_size - 1))])
    with pytest.raises(SearchIndexError, match=r"a\.npy is damaged"):
        load_array(file, np.int64)


def test_an_array_of_another_kind_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    save_array(file, np.zeros(3, np.float32))
    with pytest.raises(SearchIndexError, match=r"damaged: it has float32 of shape \(3,\)"):
        load_array(file, np.int64)
    save_array(file, np.zeros((2, 3), np.int64))
    with pytest.raises(SearchIndexError, match=r"int64 of shape \(2, 3\)"):
        load_array(file, np.int64)
    with pytest.raises(SearchIndexError, match=r"cannot read .*b\.npy: No such file"):
        load_array(tmp_path / "b.npy", np.int64)


def test_a_header_is_replaced_when_the_length_is_known(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        write_header(file, np.uint8, 0)
        start = file.tell()
        file.write(bytes(range(200)))
        file.seek(0)
        write_header(file, np.uint8, 200)
        assert file.tell() == start
    assert load_array(tmp_path / "a.npy", np.uint8).tolist() == [*range(200)]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it looks at open files")
def test_a_mapped_array_has_no_file_descriptor_and_outlives_its_file(tmp_path: Path) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    values = np.arange(100_000, dtype=np.int64)
    save_array(tmp_path / "a.npy", values)
    arrays = [load_array(tmp_path / "a.npy", np.int64) for _ in range(20)]
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    (tmp_path / "a.npy").unlink()
    part = arrays.pop()[5:1_000]
    del arrays
    assert np.array_equal(part, values[5:1_000])
    with pytest.raises(ValueError, match="read-only"):
        part[0] = 1


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="it looks at mapped files")
def test_mapped_memory_is_released(tmp_path: Path) -> None:
    save_array(tmp_path / "a.npy", np.zeros(1_000))
    array = load_array(tmp_path / "a.npy", np.float64)
    assert str(tmp_path) in Path("/proc/self/maps").read_text()
    del array
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
