"""Settings of corpora."""

from typing import Annotated, Literal

from pathspec import GitIgnoreSpec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt

from corpus_tuner.core.encodings import find_codec
from corpus_tuner.corpora.column_types import ColumnType


def _check_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    GitIgnoreSpec.from_lines(patterns)
    return patterns


def _check_encoding(name: str | None) -> str | None:
    if name is not None and find_codec(name) is None:
        raise ValueError(f"{name!r} is no encoding; known are utf-16, cp1251, shift_jis and others")
    return name


Patterns = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    AfterValidator(_check_patterns),
]


class CorpusSettings(BaseModel):
    """Settings of reading a corpus.

    Attributes
    ----------
    id
        Name of the field with the id; ``None`` takes the first of `_id`, `id`, `doc_id` and `docid`
        that a record has. With ``auto``, and if no record has an id, ids are hashes of the records.
    title
        Name of the field with the title; ``None`` takes `title` or `titel`.
    text
        Name of the field with the text; ``None`` takes the first of `text`, `body`, `contents` and
        `content` that a record has.
    types
        Types of columns of tables, ``number``, ``boolean``, ``date`` or ``text``, instead of the
        inferred ones (`corpus_tuner.corpora.column_types.Column`).
    on_bad_record
        Treatment of records that cannot be used: ``fail``, naming up to 20 of them, or ``skip`` and
        count them. By default ``skip`` for folders of files, otherwise ``fail``. With ``skip``,
        control characters become spaces.
    max_characters
        Maximum length of a text; records with a longer one cannot be used.
    parse_memory
        Maximum address space, in MiB, of the process that parses PDFs, web pages, mails, e-books
        and office documents; a file that needs more cannot be used. Not limited on macOS and
        Windows.
    parse_seconds
        Maximum processor time for such a file, in seconds; ten times as much by the clock.
    delimiter
        Character that separates the columns of a table; ``None`` detects a comma, a semicolon, a
        tab or a vertical bar.
    encoding
        Encoding of text files, tables, web pages and e-mail that are not UTF-8 and declare none,
        such as ``cp1251`` or ``shift_jis``; ``None`` is windows-1252.
    include
        Patterns of the files of a folder that are read, as in ``.gitignore``: ``*.md``,
        ``drafts/`` or ``/en/**/*.html``; none for all files. Hidden and temporary files and folders
        of libraries are never read.
    exclude
        Patterns of the files of a folder that are not read, in the same syntax.
    as_text
        Patterns of files that are read as plain text whatever their suffix, such as ``*.py``.
    split
        Split of a dataset on the Hugging Face hub.
    limit
        Number of documents that are read, the first of the corpus; ``None`` for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    title: str | None = None
    text: str | None = None
    types: dict[str, ColumnType] = {}
    on_bad_record: Literal["fail", "skip"] | None = None
    max_characters: PositiveInt = 10_000_000
    parse_memory: Annotated[int, Field(ge=768)] = 1_024
    parse_seconds: PositiveInt = 30
    delimiter: str | None = Field(None, pattern=r"^[^\"\r\n]$")
    encoding: Annotated[str | None, AfterValidator(_check_encoding)] = None
    include: Patterns = ()
    exclude: Patterns = ()
    as_text: Patterns = ()
    split: str = "train"
    limit: PositiveInt | None = None
