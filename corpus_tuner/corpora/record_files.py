"""Files that have several records, by the suffixes of their names."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.records import Record
from corpus_tuner.corpora import json_records
from corpus_tuner.corpora.field_mapping import AUTO, Draft, Item, has_id
from corpus_tuner.corpora.formats import list_suffixes
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.corpora.tables import Table, read_parquet

TABLES = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")
_TEXTUAL = (*TABLES, *JSON_LINES, ".json")
SUFFIXES = (*_TEXTUAL, ".parquet", ".xlsx")
"""Suffixes of files with records; those of text may be followed by ``.gz``."""


class Source(NamedTuple):
    """A source of records.

    Attributes
    ----------
    read
        Function that opens the source and yields its items.
    skips
        Whether bad records are skipped and counted unless the settings say otherwise.
    ids
        Records that decide whether the source has ids: the ``first`` one, where all have the same
        fields; ``any`` of them; or ``each`` for itself, as in a workbook with several sheets.
    one_of_many
        Whether it is a file of a folder, which need not have the fields that the settings name.
    """

    read: Callable[[], Iterator[Item]]
    skips: bool = False
    ids: Literal["first", "any", "each"] = "any"
    one_of_many: bool = False

    def find_hashing(self, settings: CorpusSettings) -> Callable[[Record], bool]:
        """Return a function that tells whether the id of a record is a hash of it."""
        if settings.id == AUTO:
            return lambda record: True
        if settings.id and not self.one_of_many:
            return lambda record: False
        if self.ids == "each":
            return lambda record: not has_id(record, settings)
        records = (item for item in self.read() if isinstance(item, Record | Draft))
        sample = islice(records, 1 if self.ids == "first" else None)
        hashed = not any(has_id(record, settings) for record in sample)
        return lambda record: hashed


def find_suffix(name: str) -> str:
    """Return the suffix by which a file is read, "" if no reader knows it.

    Examples
    --------
    >>> find_suffix("prices.CSV.gz"), find_suffix("Notes.TXT"), find_suffix("mill.py")
    ('.csv', '.txt', '')
    """
    unpacked = Path(name.lower().removesuffix(".gz")).suffix
    if unpacked in _TEXTUAL:
        return unpacked
    suffix = Path(name.lower()).suffix
    return suffix if suffix in {*SUFFIXES, *list_suffixes()} else ""


def open_records(
    path: Path, settings: CorpusSettings, suffix: str, *, one_of_many: bool = False
) -> Source:
    """Return the source of a file that has several records, with one of `SUFFIXES`.

    A file that is `one_of_many` in a folder need not have the fields that the settings name.

    Raises
    ------
    MissingExtraError
        If a library that it needs is not installed.
    """
    if suffix in TABLES:
        table = Table(path, settings, one_of_many=one_of_many)
        return Source(table.read, ids="first", one_of_many=one_of_many)
    if suffix == ".parquet":
        if find_spec("pyarrow") is None:
            raise MissingExtraError("a .parquet file", "parquet")
        return Source(partial(read_parquet, path), ids="first", one_of_many=one_of_many)
    if suffix == ".xlsx":
        try:
            from corpus_tuner.corpora import spreadsheet
        except ImportError:
            raise MissingExtraError("a .xlsx file", "documents") from None
        read = partial(spreadsheet.read, path, settings)
        return Source(read, ids="each", one_of_many=one_of_many)
    read_json = partial(json_records.read, path, settings, one_a_line=suffix in JSON_LINES)
    return Source(read_json, one_of_many=one_of_many)
