"""Memory-mapped arrays in ``.npy`` files."""

import ctypes
import mmap
import os
import weakref
from functools import cache
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
        array = _map_without_descriptor(file, np.load(file, "r", allow_pickle=False))
    except OSError as error:
        raise SearchIndexError(f"cannot read {file}: {error.strerror or error}") from error
    except Exception as error:  # numpy's parser of headers raises many kinds
        reason = str(error).strip().splitlines()
        raise SearchIndexError(f"{file} is damaged: {reason[-1] if reason else error!r}") from error
    if array.ndim != 1 or array.dtype not in dtypes:
        raise SearchIndexError(f"{file} is damaged: it has {array.dtype} of shape {array.shape}")
    return array


def _map_without_descriptor(file: Path, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array of a ``.npy`` file, mapped anew without a file descriptor.

    Python's `mmap` retains one for every array (before version 3.13), and a process may have few.
    The array that is returned is no `numpy.memmap`, which is slow in slicing.
    """
    if os.name != "posix" or not isinstance(array, np.memmap) or not array.size:
        return np.asarray(array)
    libc = _open_libc()
    with file.open("rb") as opened:
        size = array.offset + array.nbytes
        descriptor = opened.fileno()
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    memory: Any = (ctypes.c_char * size).from_address(address)
    weakref.finalize(memory, libc.munmap, address, size).atexit = False
    whole = np.frombuffer(memory, np.uint8)
    whole.flags.writeable = False
    values: npt.NDArray[Any] = whole[array.offset :].view(array.dtype).reshape(array.shape)
    return values


@cache
def _open_libc() -> ctypes.CDLL:
    """Return the C library, with the types of the functions that map files."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return libc


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
