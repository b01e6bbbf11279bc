"""Freed memory is returned to the operating system."""

import platform
from pathlib import Path

import pytest

from corpus_tuner.core.memory import release_free_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can")
def test_small_pieces_that_are_freed_leave_no_memory_behind() -> None:
    pieces = [bytes(1_000) for _ in range(100_000)]
    last = bytes(1_000)  # behind them, so that the heap does not shrink by itself
    pieces.clear()
    before = read_resident_pages()
    release_free_memory()
    assert read_resident_pages() < before - 20_000_000 / 4096
    assert len(last) == 1_000


def read_resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])
