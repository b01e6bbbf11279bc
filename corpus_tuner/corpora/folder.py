"""A folder of files: a document each, or one for every record of tables and files of JSON."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pathspec import GitIgnoreSpec

from corpus_tuner.core.records import MAX_LINE_BYTES, BadRecord, Note, Record
from corpus_tuner.corpora.field_mapping import Draft, draft_of
from corpus_tuner.corpora.file_ids import id_of, names_in_ids, title_of
from corpus_tuner.corpora.folder_files import Found, LeftOut, walk
from corpus_tuner.corpora.formats import (
    FileReader,
    UnreadableError,
    identity,
    reader_of,
    suffixes,
)
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.record_files import find_records, suffix_of
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

_LARGEST = 4 * MAX_LINE_BYTES
_TEXT = ".txt"

Read = Draft | BadRecord | LeftOut | Note


def files(folder: Path, settings: CorpusSettings) -> Iterator[Found | LeftOut | BadRecord]:
    """Yield the files that some reader knows, and what is left out."""
    return walk(folder, settings, _is_known_name)


def file_of(path: Path, settings: CorpusSettings) -> Found:
    """Return a file that is a corpus by itself, as if it were the only one of its folder."""
    name = names_in_ids([path.name])[path.name]
    as_text = GitIgnoreSpec.from_lines(settings.as_text).match_file(name)
    return Found(path, id_of(name), as_text)


def is_known(file: Found) -> bool:
    """Tell whether a file can be read."""
    return file.as_text or _is_known_name(file.path.name)


def _is_known_name(name: str) -> bool:
    return bool(suffix_of(name)) or Path(name).suffix.lower() in suffixes()


def open_readers(folder: Path, settings: CorpusSettings) -> bool:
    """Import what reads the files of a folder; tell whether there are any.

    Raises
    ------
    MissingExtraError
        If a library for some of them is not installed.
    """
    found = (file for file in files(folder, settings) if isinstance(file, Found))
    kinds = {file.as_text or (suffix_of(file.path.name) or _suffix(file)): file for file in found}
    for file in kinds.values():
        open_reader(file, settings)
    return bool(kinds)


def open_reader(file: Found, settings: CorpusSettings) -> None:
    """Import what reads a file.

    Raises
    ------
    MissingExtraError
        If a library for it is not installed.
    """
    if suffix_of(file.path.name) and not file.as_text:
        find_records(file.path, settings)
    else:
        _reader(file, settings)


def read(
    folder: Path, settings: CorpusSettings, parsed: ParseCache | None = None
) -> Iterator[Read]:
    """Read every file.

    Parameters
    ----------
    folder, settings
        Which files.
    parsed
        What was read of them before; what is found now is kept in it.
    """
    for file in files(folder, settings):
        if isinstance(file, Found):
            yield from read_file(folder, file, settings, parsed)
        else:
            yield file


def read_file(
    folder: Path, file: Found, settings: CorpusSettings, parsed: ParseCache | None = None
) -> Iterator[Read]:
    """Read a file: one document, or one of every record; see `read`."""
    location = f"{folder}/{file.id}"
    try:
        if suffix_of(file.path.name) and not file.as_text:
            yield from _read_records(file, location, settings)
        else:
            yield from _read_document(file, location, settings, parsed)
    except UnreadableError as error:
        yield BadRecord(location, "", error.reason, error.detail)
    except OSError as error:
        yield BadRecord(location, "", "cannot be read", str(error.strerror or error))


def _read_records(file: Found, location: str, settings: CorpusSettings) -> Iterator[Read]:
    source = find_records(file.path, settings, one_of_many=True)
    where = _where(file)
    try:
        hashing = source.hashing(settings)
        for record in source.read():
            made: Read = (
                draft_of(record, settings, hashed=hashing(record), joined=True)
                if isinstance(record, Record)
                else record
            )
            place = made.location.replace(str(file.path), location, 1)
            if isinstance(made, Draft):
                metadata = {**where, **made.metadata}
                yield made._replace(location=place, id=f"{file.id}#{made.id}", metadata=metadata)
            else:
                yield made._replace(location=place)
    except CorpusTunerError as error:
        detail = str(error).replace(str(file.path), location)
        yield BadRecord(location, "", "a table or records that cannot be read", detail)


def _read_document(
    file: Found, location: str, settings: CorpusSettings, kept: ParseCache | None
) -> Iterator[Read]:
    """Yield the notes on a file, and the file as a draft."""
    status = file.path.stat()
    if status.st_size > _LARGEST:
        yield BadRecord(location, "", f"larger than {_LARGEST // 2**20} MiB")
        return
    reader = _reader(file, settings)
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC).isoformat()
    try:
        if kept:
            how = identity(_read_as(file), settings.encoding)
            parsed, modified = kept.read(file.path, file.id, how, reader, modified)
        else:
            parsed = reader(file.path)
    except (CorpusTunerError, UnreadableError, OSError):
        raise
    except Exception as error:  # of a damaged file, parsers raise whatever comes
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        yield BadRecord(location, "", "damaged, or not what its suffix says", detail)
        return
    yield from (Note(location, *note) for note in parsed.notes)
    if not f"{parsed.title}{parsed.text}".strip():
        yield LeftOut(location, "files without text")
        return
    about = {**_where(file), "modified": modified, "size": status.st_size}
    title = parsed.title or title_of(file.path)
    yield Draft(location, file.id, title, parsed.text, {**about, **parsed.metadata})


def _where(file: Found) -> Mapping[str, Any]:
    return {"path": file.id, "folder": PurePosixPath(file.id).parent.as_posix()}


def _reader(file: Found, settings: CorpusSettings) -> FileReader:
    return reader_of(_read_as(file), settings.encoding)


def _read_as(file: Found) -> str:
    """Return the suffix of files that are read in the same way."""
    return _TEXT if file.as_text else _suffix(file)


def _suffix(file: Found) -> str:
    return file.path.suffix.lower()
