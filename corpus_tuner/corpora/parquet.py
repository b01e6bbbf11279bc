"""Parquet files: a row each; columns that are not named become metadata (extra ``parquet``)."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet

from corpus_tuner.core.records import Record
from corpus_tuner.errors import CorpusTunerError

_AT_ONCE = 1_024


def read(path: Path) -> Iterator[Record]:
    """Read the rows, each with its number.

    Raises
    ------
    CorpusTunerError
        If the file is damaged.
    """
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_AT_ONCE):
                for fields in batch.to_pylist():
                    number += 1
                    yield Record(f"{path}:{number}", fields)
    except (pyarrow.ArrowException, OSError) as error:
        raise CorpusTunerError(f"cannot read {path} behind row {number}: {error}") from error
