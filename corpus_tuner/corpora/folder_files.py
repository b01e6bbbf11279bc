"""The files of a folder, in a fixed order, and whatever in it is left out."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from corpus_tuner.core.records import BadRecord
from corpus_tuner.corpora.file_ids import id_of, is_temporary, names_in_ids
from corpus_tuner.corpora.settings import CorpusSettings

_VENDORED = frozenset(
    "__pycache__ __MACOSX bower_components node_modules site-packages venv".split()  # noqa: SIM905
)

_SUFFIX = re.compile(r"\.[a-z0-9_-]{1,8}")


class LeftOut(NamedTuple):
    """What is no document, and no mistake: it is counted, whatever is done with bad records.

    Attributes
    ----------
    location
        The path.
    reason
        In words that are the same for all such files.
    detail
        What is particular about this one.
    """

    location: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return self.location + (f" ({self.detail})" if self.detail else "")


class Found(NamedTuple):
    """A file to read.

    Attributes
    ----------
    path
        Where it is.
    id
        Of its document: its path from the folder on, with slashes, as it can be written.
    as_text
        Whether it is to be read as plain text, whatever its suffix.
    """

    path: Path
    id: str
    as_text: bool = False


def walk(
    folder: Path, settings: CorpusSettings, known: Callable[[str], bool]
) -> Iterator[Found | LeftOut | BadRecord]:
    """Yield the files of a folder and of those in it.

    Links that lead outside, or nowhere, are left out, and so are hidden and temporary files,
    folders of libraries, links to folders, and what is no file, which might never end.

    Parameters
    ----------
    folder
        Where to begin.
    settings
        Its patterns are those of ``.gitignore``.
    known
        Tells whether files with a name can be read.
    """
    root = folder.resolve()
    included = GitIgnoreSpec.from_lines(settings.include or ("*",))
    excluded = GitIgnoreSpec.from_lines(settings.exclude)
    as_text = GitIgnoreSpec.from_lines(settings.as_text)
    failures: list[OSError] = []
    prefixes = {str(root): ""}  # of the ids of what is in a folder
    for location, folders, names in os.walk(root, onerror=failures.append):
        prefix = prefixes.pop(location)
        called = names_in_ids([*folders, *names])
        kept = []
        for name in sorted(folders):
            inner = f"{prefix}{called[name]}"
            path = Path(location, name)
            if reason := _unwanted_folder(path, excluded.match_file(f"{inner}/")):
                yield LeftOut(f"{folder}/{inner}", reason)
            else:
                kept.append(name)
                prefixes[str(path)] = f"{inner}/"
        folders[:] = kept
        for name in sorted(names):
            inner = f"{prefix}{called[name]}"
            path = Path(location, name)
            text = as_text.match_file(inner)
            if name.startswith("."):
                reason = "hidden files"
            elif is_temporary(name):
                reason = "temporary files"
            elif excluded.match_file(inner) or not included.match_file(inner):
                reason = "files that the patterns leave out"
            else:
                reason = _unwanted_file(root, path, text or known(name))
            if reason:
                yield LeftOut(f"{folder}/{inner}", reason)
            else:
                yield Found(path, id_of(inner), text)
    for failure in failures:
        inner = _inner(root, failure.filename)
        yield BadRecord(f"{folder}/{inner}", "", "cannot be read", str(failure.strerror))


def _inner(root: Path, path: str) -> str:
    parts = Path(path).relative_to(root).parts
    return "/".join(names_in_ids([part])[part] for part in parts)


def _unwanted_folder(path: Path, excluded: bool) -> str:
    if path.name.startswith(".") or path.name in _VENDORED:
        return "hidden folders and libraries"
    if excluded:
        return "folders that the patterns leave out"
    return "links to folders" if path.is_symlink() else ""


def _unwanted_file(root: Path, path: Path, known: bool) -> str:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError is a loop, up to Python 3.12
        return "links that lead nowhere"
    if not target.is_relative_to(root):
        return "links that lead out of the folder"
    if not target.is_file():
        return "not regular files"
    if not known:
        suffix = path.suffix.lower()
        named = suffix if _SUFFIX.fullmatch(suffix) else "without a usual suffix"
        return f"files that no reader knows, {named}"
    return "" if path.stat().st_size else "empty files"
