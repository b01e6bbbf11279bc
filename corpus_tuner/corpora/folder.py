"""A folder of .txt and .md files: one document each, its path the id, its name the title."""

import os
from collections.abc import Iterator
from pathlib import Path

from corpus_tuner.eval.records import MAX_LINE_BYTES, BadRecord, Record

_SUFFIXES = (".txt", ".md")


def files(folder: Path) -> Iterator[Path]:
    """Yield the files in a fixed order; hidden ones and links that lead outside are left out."""
    root = folder.resolve()
    for location, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(location, name)
            if name.startswith(".") or path.suffix.lower() not in _SUFFIXES:
                continue
            if path.resolve().is_relative_to(root):
                yield path


def read(folder: Path) -> Iterator[Record | BadRecord]:
    """Read every file as a record; in .md files a first heading is the title instead."""
    for path in files(folder):
        id_ = path.relative_to(folder.resolve()).as_posix()
        location = str(folder / id_)
        try:
            if path.stat().st_size > MAX_LINE_BYTES:
                yield BadRecord(location, "text", f"larger than {MAX_LINE_BYTES // 2**20} MiB")
                continue
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            detail = (
                f"byte {error.start + 1}; convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8"
            )
            yield BadRecord(location, "text", "not UTF-8", detail)
            continue
        except OSError as error:
            yield BadRecord(location, "", "cannot be read", str(error.strerror))
            continue
        if not text.strip():
            yield BadRecord(location, "text", "empty")
            continue
        first, _, rest = text.lstrip().partition("\n")
        if path.suffix.lower() == ".md" and first.startswith("# "):
            title, text = first[2:].strip(), rest
        else:
            title = path.stem
        yield Record(location, {"id": id_, "title": title, "text": text})
