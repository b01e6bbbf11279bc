"""Files that have several records, by the suffixes of their names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.records import Record
from corpus_tuner.corpora.field_mapping import AUTO, Draft, Item, has_id
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError, EvaluationError

TABLES = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")
_TEXTUAL = (*TABLES, *JSON_LINES, ".json")
SUFFIXES = (*_TEXTUAL, ".parquet", ".xlsx")
"""Those of text may be followed by ``.gz``."""


class Source(NamedTuple):
    """Reads a corpus.

    Attributes
    ----------
    read
        Opens it anew and yields what it has.
    skips
        Whether what cannot be read is left out and counted unless the settings say otherwise.
    ids
        Which records tell whether the source has ids: the ``first`` one, where all have the same
        fields; ``any`` of them; or ``each`` for itself, as in a workbook with several sheets.
    one_of_many
        Whether it is a file of a folder, which need not have the fields that the settings name.
    """

    read: Callable[[], Iterator[Item]]
    skips: bool = False
    ids: Literal["first", "any", "each"] = "any"
    one_of_many: bool = False

    def hashing(self, settings: CorpusSettings) -> Callable[[Record], bool]:
        """Return what tells of a record whether its id is a hash of it."""
        if settings.id == AUTO:
            return lambda record: True
        if settings.id and not self.one_of_many:
            return lambda record: False
        if self.ids == "each":
            return lambda record: not has_id(record, settings)
        records = (item for item in self.read() if isinstance(item, Record | Draft))
        some = islice(records, 1 if self.ids == "first" else None)
        lacking = not any(has_id(record, settings) for record in some)
        return lambda record: lacking


@contextmanager
def errors_of_a_corpus() -> Iterator[None]:
    """Raise what goes wrong in a file that `corpus_tuner.eval` reads as an error of a corpus."""
    try:
        yield
    except EvaluationError as error:
        raise CorpusTunerError(str(error)) from error


def suffix_of(name: str) -> str:
    """Return the suffix of a file that has several records, "" of any other.

    Examples
    --------
    >>> suffix_of("prices.CSV.gz"), suffix_of("notes.txt")
    ('.csv', '')
    """
    suffix = Path(name.lower()).suffix
    unpacked = Path(name.lower().removesuffix(".gz")).suffix
    if unpacked in _TEXTUAL:
        return unpacked
    return suffix if suffix in SUFFIXES else ""


def find_records(
    path: Path, settings: CorpusSettings, *, suffix: str = "", one_of_many: bool = False
) -> Source:
    """Return what reads a file that has several records.

    Parameters
    ----------
    path, settings
        The file, and how to read it.
    suffix
        One of `SUFFIXES`; by default that of the file.
    one_of_many
        Whether it is a file of a folder, which need not have the fields that the settings name.

    Raises
    ------
    MissingExtraError
        If a library that it needs is not installed.
    """
    source = _find(path, settings, suffix or suffix_of(path.name), one_of_many)

    def read() -> Iterator[Item]:
        with errors_of_a_corpus():
            yield from source.read()

    return source._replace(read=read, one_of_many=one_of_many)


def _find(path: Path, settings: CorpusSettings, suffix: str, one_of_many: bool) -> Source:
    if suffix in TABLES:
        from corpus_tuner.corpora.delimited import Table

        return Source(Table(path, settings, one_of_many=one_of_many).read, ids="first")
    if suffix == ".parquet":
        try:
            from corpus_tuner.corpora import parquet
        except ImportError:
            raise MissingExtraError("a .parquet file", "parquet") from None
        return Source(partial(parquet.read, path), ids="first")
    if suffix == ".xlsx":
        try:
            from corpus_tuner.corpora import spreadsheet
        except ImportError:
            raise MissingExtraError("a .xlsx file", "documents") from None
        return Source(partial(spreadsheet.read, path, settings), ids="each")
    from corpus_tuner.corpora import json_values

    return Source(partial(json_values.read, path, settings))
