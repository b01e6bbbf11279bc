"""Memory-mapped arrays in ``.npy`` files."""

from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from corpus_tuner.errors import SearchIndexError


def load_array(file: Path, *dtypes: type[np.generic]) -> npt.NDArray[Any]:
    """Return the one-dimensional array of a ``.npy`` file, memory-mapped, of one of `dtypes`.

    Raises
    ------
    SearchIndexError
        If it cannot be read, or is not such an array.
    """
    try:
        # Not a memmap, of which numpy is slow in taking slices.
        array = np.asarray(np.load(file, "r", allow_pickle=False))
    except OSError as error:
        raise SearchIndexError(f"cannot read {file}: {error.strerror or error}") from error
    except Exception as error:  # numpy's parser of headers raises many kinds
        reason = str(error).strip().splitlines()
        raise SearchIndexError(f"{file} is damaged: {reason[-1] if reason else error!r}") from error
    if array.ndim != 1 or array.dtype not in dtypes:
        raise SearchIndexError(f"{file} is damaged: it has {array.dtype} of shape {array.shape}")
    return array


def save_array(file: Path, values: npt.NDArray[Any]) -> None:
    """Write a ``.npy`` file."""
    with file.open("wb") as opened:
        write_array(opened, values)


def write_header(file: IO[bytes], dtype: type[np.generic], length: int) -> None:
    """Write the header of a one-dimensional array; it is as long for any length of the array."""
    header = np.lib.format.header_data_from_array_1_0(np.empty(0, dtype))
    np.lib.format.write_array_header_1_0(file, {**header, "shape": (length,)})


def write_array(file: IO[bytes], values: npt.NDArray[Any]) -> None:
    """Write an array as ``np.save`` does, but with the errors of the disk."""
    header = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_1_0(file, header)
    file.write(np.ascontiguousarray(values).data)
