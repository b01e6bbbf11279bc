"""The files of a folder, in a fixed order, and whatever in it is left out."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.eval.records import BadRecord

_VENDORED = frozenset(
    "__pycache__ __MACOSX bower_components node_modules site-packages venv".split()  # noqa: SIM905
)


class LeftOut(NamedTuple):
    """What is no document, and no mistake: it is counted, whatever is done with bad records.

    Attributes
    ----------
    location
        The path.
    reason
        In words that are the same for all such files.
    """

    location: str
    reason: str

    def __str__(self) -> str:
        return self.location


class Found(NamedTuple):
    """A file to read.

    Attributes
    ----------
    path
        Where it is.
    name
        From the folder on, with slashes.
    """

    path: Path
    name: str


def walk(
    folder: Path, settings: CorpusSettings, known: Callable[[str], bool]
) -> Iterator[Found | LeftOut | BadRecord]:
    """Yield the files of a folder and of those in it.

    Links that lead outside, or nowhere, are left out, and so are hidden files, folders of
    libraries, links to folders, and what is no file, which might never end.

    Parameters
    ----------
    folder
        Where to begin.
    settings
        Its patterns are those of ``.gitignore``.
    known
        Tells of a suffix, with its dot and in lower case, whether such files can be read.
    """
    root = folder.resolve()
    included = GitIgnoreSpec.from_lines(settings.include or ("*",))
    excluded = GitIgnoreSpec.from_lines(settings.exclude)
    failures: list[OSError] = []
    for location, folders, names in os.walk(root, onerror=failures.append):
        here = Path(location).relative_to(root)
        kept = []
        for name in sorted(folders):
            inner = (here / name).as_posix()
            if reason := _unwanted_folder(root / inner, excluded.match_file(f"{inner}/")):
                yield LeftOut(str(folder / inner), reason)
            else:
                kept.append(name)
        folders[:] = kept
        for name in sorted(names):
            inner = (here / name).as_posix()
            if name.startswith("."):
                yield LeftOut(str(folder / inner), "hidden files")
            elif excluded.match_file(inner) or not included.match_file(inner):
                yield LeftOut(str(folder / inner), "files that the patterns leave out")
            elif reason := _unwanted_file(root, root / inner, known):
                yield LeftOut(str(folder / inner), reason)
            else:
                yield Found(root / inner, inner)
    for failure in failures:
        where = Path(failure.filename).relative_to(root)
        yield BadRecord(str(folder / where), "", "cannot be read", str(failure.strerror))


def _unwanted_folder(path: Path, excluded: bool) -> str:
    if path.name.startswith(".") or path.name in _VENDORED:
        return "hidden folders and libraries"
    if excluded:
        return "folders that the patterns leave out"
    return "links to folders" if path.is_symlink() else ""


def _unwanted_file(root: Path, path: Path, known: Callable[[str], bool]) -> str:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError is a loop, up to Python 3.12
        return "links that lead nowhere"
    if not target.is_relative_to(root):
        return "links that lead out of the folder"
    if not target.is_file():
        return "not regular files"
    suffix = path.suffix.lower()
    if not known(suffix):
        return (
            f"files that no reader knows, {suffix}"
            if suffix
            else "files that no reader knows, without a suffix"
        )
    return "" if path.stat().st_size else "empty files"
