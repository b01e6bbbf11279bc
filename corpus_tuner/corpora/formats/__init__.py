"""Files that are one document: a file here for every kind, found by the suffix of the file's name.

Further kinds come by the entry point group ``corpus_tuner.readers``: the name is a suffix without
its dot, what it leads to is a function that takes a path and returns a `Parsed`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.errors import MissingExtraError, setting

GROUP = "corpus_tuner.readers"
_BUILT_IN = {
    "txt": "text",
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "eml": "mail",
    "pdf": "office",
    "docx": "office",
    "pptx": "office",
    "epub": "office",
}

_LIBRARIES = {
    "html": ("beautifulsoup4", "markdownify"),
    "mail": ("beautifulsoup4", "markdownify"),
    "office": ("markitdown", "mammoth", "pdfminer.six", "python-pptx"),
}
"""What kinds of files are read by; others are read at once."""


class Parsed(NamedTuple):
    """What a file says.

    Attributes
    ----------
    text
        Without the title, where that stands by itself; empty if there is nothing to read.
    title
        Empty where the file has none: its name is the title then.
    metadata
        Whatever else it says of itself.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, Any] = {}


class UnreadableError(ValueError):
    """A file that is not what its suffix says: a reason that can be counted, and a detail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


FileReader = Callable[[Path], Parsed]
"""Reads a file; it raises `UnreadableError` where it cannot."""


@cache
def suffixes() -> frozenset[str]:
    """Return the suffixes that some reader knows, with their dots, in lower case."""
    found = {point.name.lower() for point in entry_points(group=GROUP)}
    return frozenset(f".{name}" for name in {*_BUILT_IN, *found})


@cache
def identity(suffix: str) -> str:
    """Return what decides how files with a suffix are read; "" where that takes no time."""
    name = suffix.removeprefix(".")
    for point in entry_points(group=GROUP):
        if point.name.lower() == name:
            return f"{point.value} {point.dist.version if point.dist else ''}"
    libraries = _LIBRARIES.get(_BUILT_IN[name], ())
    return " ".join(f"{library} {version(library)}" for library in libraries)


@cache
def reader_of(suffix: str) -> FileReader:
    """Return what reads files with a suffix of `suffixes`.

    Raises
    ------
    MissingExtraError
        If a library that it needs is not installed.
    """
    name = suffix.removeprefix(".")
    for point in entry_points(group=GROUP):
        if point.name.lower() == name:
            loaded: FileReader = point.load()
            return loaded
    try:
        read: FileReader = import_module(f"{__name__}.{_BUILT_IN[name]}").read
    except ImportError:
        without = setting({"corpus.exclude": [f"*{suffix}"]}, f"--exclude '*{suffix}'")
        raise MissingExtraError(
            f"reading {suffix} files (or leave them out with {without})", "documents"
        ) from None
    return read
