"""A folder of files: one document a file, or one a record of tables and files of JSON."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from corpus_tuner.core.records import MAX_LINE_BYTES, BadRecord, Issue, Record
from corpus_tuner.corpora.field_mapping import Draft, Item, make_draft
from corpus_tuner.corpora.folder_files import FileToRead, make_title, walk_folder
from corpus_tuner.corpora.formats import (
    UnreadableError,
    get_reader_identity,
    is_heavy,
    load_reader,
    make_unreadable,
)
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.parser_process import ParserProcess
from corpus_tuner.corpora.record_files import SUFFIXES, open_records
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

_LARGEST = 4 * MAX_LINE_BYTES


def check_readers(files: Iterable[object], settings: CorpusSettings) -> bool:
    """Import the readers of files; tell whether there are any files to read.

    Raises
    ------
    MissingExtraError
        If a library for some of them is not installed.
    """
    kinds = {file.suffix: file.path for file in files if isinstance(file, FileToRead)}
    for suffix, path in kinds.items():
        if suffix in SUFFIXES:
            open_records(path, settings, suffix)
        else:
            load_reader(suffix, settings.encoding)
    return bool(kinds)


def read(folder: Path, settings: CorpusSettings, cache: ParseCache | None = None) -> Iterator[Item]:
    """Read every file of a folder; parsed files are taken from the cache and stored in it."""
    return read_files(folder, walk_folder(folder, settings), settings, cache)


def read_files(
    folder: Path,
    files: Iterable[FileToRead | Item],
    settings: CorpusSettings,
    cache: ParseCache | None = None,
) -> Iterator[Item]:
    """Read some files of a folder, as `read` does."""
    with ParserProcess(settings) as parser:
        for file in files:
            if isinstance(file, FileToRead):
                yield from _read_file(folder, file, settings, cache, parser)
            else:
                yield file


def _read_file(
    folder: Path,
    file: FileToRead,
    settings: CorpusSettings,
    cache: ParseCache | None,
    parser: ParserProcess,
) -> Iterator[Item]:
    """Read a file: one document, or one for every record."""
    location = f"{folder}/{file.id}"
    try:
        if file.suffix in SUFFIXES:
            yield from _read_records(file, location, settings)
        else:
            yield from _read_document(file, location, settings, cache, parser)
    except UnreadableError as error:
        yield BadRecord(location, "", error.reason, error.detail)
    except OSError as error:
        yield BadRecord(location, "", "cannot be read", str(error.strerror or error))


def _read_records(file: FileToRead, location: str, settings: CorpusSettings) -> Iterator[Item]:
    source = open_records(file.path, settings, file.suffix, one_of_many=True)
    position = _describe_position(file)
    try:
        is_hashed = source.find_hashing(settings)
        for record in source.read():
            item: Item = (
                make_draft(record, settings, hashed=is_hashed(record), joined=True)
                if isinstance(record, Record)
                else record
            )
            item = item._replace(location=item.location.replace(str(file.path), location, 1))
            if isinstance(item, Draft):
                metadata = {**position, **item.metadata}
                item = item._replace(id=f"{file.id}#{item.id}", metadata=metadata)
            yield item
    except CorpusTunerError as error:
        detail = str(error).replace(str(file.path), location)
        yield BadRecord(location, "", "a table or records that cannot be read", detail)


def _read_document(
    file: FileToRead,
    location: str,
    settings: CorpusSettings,
    cache: ParseCache | None,
    parser: ParserProcess,
) -> Iterator[Item]:
    """Yield the repairs of a file, and the file as a draft."""
    status = file.path.stat()
    if status.st_size > _LARGEST:
        yield BadRecord(location, "", f"larger than {_LARGEST // 2**20} MiB")
        return
    is_parsed_apart = is_heavy(file.suffix)
    reader = parser.read if is_parsed_apart else load_reader(file.suffix, settings.encoding)
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC).isoformat()
    try:
        if cache:
            identity = get_reader_identity(file.suffix, settings.encoding)
            parsed, modified = cache.read(file.path, file.id, identity, reader, modified)
        else:
            parsed = reader(file.path)
    except (CorpusTunerError, UnreadableError, OSError):
        raise
    except Exception as error:
        raise make_unreadable(error) from error
    yield from (Issue(location, *note) for note in parsed.notes)
    if not f"{parsed.title}{parsed.text}".strip():
        yield Issue(location, "files without text", repaired=False)
        return
    about = {**_describe_position(file), "modified": modified, "size": status.st_size}
    title = parsed.title or make_title(file.path)
    yield Draft(location, file.id, title, parsed.text, {**about, **parsed.metadata})


def _describe_position(file: FileToRead) -> Mapping[str, Any]:
    return {"path": file.id, "folder": PurePosixPath(file.id).parent.as_posix()}
