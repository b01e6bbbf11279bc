"""A folder of files that are one document each: its path the id."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus_tuner.corpora.files import Found, LeftOut, walk
from corpus_tuner.corpora.formats import FileReader, UnreadableError, reader_of, suffixes
from corpus_tuner.corpora.parsed import ParsedFiles
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.records import MAX_LINE_BYTES, BadRecord, Note, Record

_LARGEST = 4 * MAX_LINE_BYTES


def files(folder: Path, settings: CorpusSettings) -> Iterator[Found | LeftOut | BadRecord]:
    """Yield the files that some reader knows, and what is left out."""
    return walk(folder, settings, lambda suffix: suffix in suffixes())


def open_readers(folder: Path, settings: CorpusSettings) -> dict[str, FileReader]:
    """Return what reads the files of a folder, by suffix.

    Raises
    ------
    MissingExtraError
        If a library for some of them is not installed.
    """
    found = (file for file in files(folder, settings) if isinstance(file, Found))
    suffixes_found = sorted({_suffix(file) for file in found})
    return {suffix: reader_of(suffix, settings.encoding) for suffix in suffixes_found}


def read(
    folder: Path, settings: CorpusSettings, parsed: ParsedFiles | None = None
) -> Iterator[Record | BadRecord | LeftOut | Note]:
    """Read every file as a record.

    Parameters
    ----------
    folder, settings
        Which files.
    parsed
        What was read of them before; what is found now is kept in it.
    """
    for file in files(folder, settings):
        if isinstance(file, Found):
            yield from _records(folder, file, settings.encoding, parsed)
        else:
            yield file


def _records(
    folder: Path, file: Found, encoding: str | None, kept: ParsedFiles | None
) -> Iterator[Record | BadRecord | LeftOut | Note]:
    """Yield the notes on a file, and the file as a record."""
    location = str(folder / file.name)
    try:
        status = file.path.stat()
        if status.st_size > _LARGEST:
            yield BadRecord(location, "", f"larger than {_LARGEST // 2**20} MiB")
            return
        reader = reader_of(_suffix(file), encoding)
        modified = datetime.fromtimestamp(int(status.st_mtime), UTC).isoformat()
        if kept:
            parsed, modified = kept.read(file.path, file.name, reader, modified, encoding)
        else:
            parsed = reader(file.path)
    except CorpusTunerError:
        raise
    except UnreadableError as error:
        yield BadRecord(location, "", error.reason, error.detail)
        return
    except OSError as error:
        yield BadRecord(location, "", "cannot be read", str(error.strerror or error))
        return
    except Exception as error:  # of a damaged file, parsers raise whatever comes
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        yield BadRecord(location, "", "damaged, or not what its suffix says", detail)
        return
    yield from (Note(location, *note) for note in parsed.notes)
    if not f"{parsed.title}{parsed.text}".strip():
        yield LeftOut(location, "files without text")
        return
    path = Path(file.name)
    about: dict[str, Any] = {
        "path": file.name,
        "folder": path.parent.as_posix(),
        "modified": modified,
        "size": status.st_size,
    }
    yield Record(
        location,
        {
            "id": file.name,
            "title": parsed.title or path.stem,
            "text": parsed.text,
            "metadata": {**about, **parsed.metadata},
        },
    )


def _suffix(file: Found) -> str:
    return file.path.suffix.lower()
