"""Files of a folder in a fixed order, and the ids of their documents."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from corpus_tuner.core.records import BadRecord, Issue
from corpus_tuner.corpora.record_files import find_suffix
from corpus_tuner.corpora.settings import CorpusSettings

_VENDORED = frozenset(
    "__pycache__ __MACOSX bower_components node_modules site-packages venv".split()  # noqa: SIM905
)

_SUFFIX = re.compile(r"\.[a-z0-9_-]{1,8}")
# What percent-encoding changes: control characters, line separators, bytes that are not UTF-8, and
# what would be read as a percent-encoded byte.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_ESCAPED = re.compile(rf"{_UNPRINTABLE.pattern}|{_NOT_UTF8.pattern}|%(?=[0-9A-Fa-f]{{2}})")
_OUTER_SPACE = re.compile(r"^\s+|\s+$")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# Of editors, office programs and file managers.
_TEMPORARY = re.compile(r"~\$.*|#.*#|.*~|.*\.sw[op]|Thumbs\.db|desktop\.ini", re.IGNORECASE)


class FileToRead(NamedTuple):
    """A file of a corpus.

    Attributes
    ----------
    path
        Path of the file.
    id
        Id of its document: its path within the folder, with slashes, in printable characters.
    suffix
        Suffix by which it is read, ``.txt`` for all plain text; "" if no reader knows it.
    """

    path: Path
    id: str
    suffix: str


def make_file(path: Path, settings: CorpusSettings) -> FileToRead:
    """Return a file that is a corpus, as if it were the only one of its folder."""
    name = escape_names([path.name])[path.name]
    return _make_file(path, name, GitIgnoreSpec.from_lines(settings.as_text))


def _make_file(path: Path, inner: str, as_text: GitIgnoreSpec) -> FileToRead:
    suffix = ".txt" if as_text.match_file(inner) else find_suffix(path.name)
    return FileToRead(path, _OUTER_SPACE.sub(_percent_encode, inner), suffix)


def walk_folder(folder: Path, settings: CorpusSettings) -> Iterator[FileToRead | Issue | BadRecord]:
    """Yield the files of a folder and of those in it.

    Links that lead outside, or nowhere, are left out, and so are hidden and temporary files,
    folders of libraries, links to folders, and devices and pipes, which might never end.
    """
    root = folder.resolve()
    included = GitIgnoreSpec.from_lines(settings.include or ("*",))
    excluded = GitIgnoreSpec.from_lines(settings.exclude)
    as_text = GitIgnoreSpec.from_lines(settings.as_text)
    failures: list[OSError] = []
    prefixes = {str(root): ""}  # of the ids of what is in a folder
    for location, folders, names in os.walk(root, onerror=failures.append):
        prefix = prefixes.pop(location)
        escaped = escape_names([*folders, *names])
        entered = []
        for name in sorted(folders):
            inner = f"{prefix}{escaped[name]}"
            path = Path(location, name)
            if reason := _check_folder(path, excluded.match_file(f"{inner}/")):
                yield Issue(f"{folder}/{inner}", reason, repaired=False)
            else:
                entered.append(name)
                prefixes[str(path)] = f"{inner}/"
        folders[:] = entered
        for name in sorted(names):
            inner = f"{prefix}{escaped[name]}"
            file = _make_file(Path(location, name), inner, as_text)
            if name.startswith("."):
                reason = "hidden files"
            elif _TEMPORARY.fullmatch(name):
                reason = "temporary files"
            elif excluded.match_file(inner) or not included.match_file(inner):
                reason = "files that the patterns leave out"
            else:
                reason = _check_file(root, file)
            if reason:
                yield Issue(f"{folder}/{inner}", reason, repaired=False)
            else:
                yield file
    for failure in failures:
        parts = Path(failure.filename).relative_to(root).parts
        inner = "/".join(escape_names([part])[part] for part in parts)
        yield BadRecord(f"{folder}/{inner}", "", "cannot be read", str(failure.strerror))


def _check_folder(path: Path, excluded: bool) -> str:
    """Return the reason for leaving out a folder, "" if there is none."""
    if path.name.startswith(".") or path.name in _VENDORED:
        return "hidden folders and libraries"
    if excluded:
        return "folders that the patterns leave out"
    return "links to folders" if path.is_symlink() else ""


def _check_file(root: Path, file: FileToRead) -> str:
    """Return the reason for leaving out a file, "" if there is none."""
    path = file.path
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError is a loop, up to Python 3.12
        return "links that lead nowhere"
    if not target.is_relative_to(root):
        return "links that lead out of the folder"
    if not target.is_file():
        return "not regular files"
    if not file.suffix:
        suffix = path.suffix.lower()
        named = suffix if _SUFFIX.fullmatch(suffix) else "without a usual suffix"
        return f"files that no reader knows, {named}"
    return "" if path.stat().st_size else "empty files"


def escape_names(names: Iterable[str]) -> dict[str, str]:
    r"""Return the names of the files of one folder as they are written in ids.

    Names are in Unicode's form NFC, which macOS does not preserve. Control characters, bytes that
    are not UTF-8, and a percent sign before two hexadecimal digits are percent-encoded as in URLs,
    so that `urllib.parse.unquote_to_bytes` gives the name back. Of two names that differ by
    normalization only, the one that is not in NFC has all characters percent-encoded that are not
    ASCII.

    Examples
    --------
    >>> sorted(escape_names(["100%.md", "50%20.md", "a\nb.txt", "caf\udce9.txt"]).values())
    ['100%.md', '50%2520.md', 'a%0Ab.txt', 'caf%E9.txt']
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda name: (not unicodedata.is_normalized("NFC", name), name)):
        one = _ESCAPED.sub(_percent_encode, unicodedata.normalize("NFC", name))
        if one in taken:
            one = _NOT_ASCII.sub(_percent_encode, _ESCAPED.sub(_percent_encode, name))
        taken.add(one)
        found[name] = one
    return found


def make_title(path: Path) -> str:
    """Return the title of a file that has none: its name without the suffix."""
    name = _UNPRINTABLE.sub(" ", unicodedata.normalize("NFC", path.stem))
    return " ".join(_NOT_UTF8.sub("\N{REPLACEMENT CHARACTER}", name).split())


def _percent_encode(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape"))
