"""Files that are one document: a file here for every kind, found by the suffix of the file's name.

Further kinds come by the entry point group ``corpus_tuner.readers``: the name is a suffix without
its dot, what it leads to is a function that takes a path and returns a `Parsed`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import setting

GROUP = "corpus_tuner.readers"
_BUILT_IN = {
    "txt": "text",
    "rst": "text",
    "log": "text",
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "eml": "mail",
    "pdf": "pdf",
    "docx": "office",
    "pptx": "office",
    "epub": "epub",
}

_WEB = ("beautifulsoup4", "lxml", "markdownify")
_LIBRARIES = {
    "html": _WEB,
    "mail": _WEB,
    "epub": _WEB,
    "pdf": ("pypdfium2",),
    "office": ("markitdown", "mammoth", "python-pptx"),
}
"""The libraries that read a kind of files; other kinds are read at once."""
_RULES = 2
"""The version of the rules in this folder, raised when a file's text becomes another."""
_ENCODED = frozenset({"text", "markdown", "html", "mail"})
"""Kinds of files whose encoding can be unknown."""

FileNote = tuple[str, str]
"""A repair of a file that is read, or an omission in it: a reason that can be counted, a detail."""


class Parsed(NamedTuple):
    """What a file says.

    Attributes
    ----------
    text
        Without the title, where that stands by itself; empty if there is nothing to read. Every
        page of a file with pages ends with a form feed (`join_pages`).
    title
        Empty where the file has none: its name is the title then.
    metadata
        Whatever else it says of itself.
    notes
        What was repaired, and what was left out of the text.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, Any] = {}
    notes: tuple[FileNote, ...] = ()


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
def identity(suffix: str, encoding: str | None = None) -> str:
    """Return what decides how files with a suffix are read; "" where that takes no time."""
    name = suffix.removeprefix(".")
    for point in entry_points(group=GROUP):
        if point.name.lower() == name:
            return f"{point.value} {point.dist.version if point.dist else ''}"
    kind = _BUILT_IN[name]
    if kind not in _LIBRARIES:
        return ""
    libraries = [f"{library} {version(library)}" for library in _LIBRARIES[kind]]
    declared = [encoding] if encoding and kind in _ENCODED else []
    return " ".join([f"rules {_RULES}", *libraries, *declared])


@cache
def reader_of(suffix: str, encoding: str | None = None) -> FileReader:
    """Return what reads files with a suffix of `suffixes`.

    Parameters
    ----------
    suffix
        With its dot.
    encoding
        Of files that are not UTF-8 and declare none.

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
        read: Any = import_module(f"{__name__}.{_BUILT_IN[name]}").read
    except ImportError:
        without = setting({"corpus.exclude": [f"*{suffix}"]}, f"--exclude '*{suffix}'")
        raise MissingExtraError(
            f"reading {suffix} files (or leave them out with {without})", "documents"
        ) from None
    built_in: FileReader = partial(read, encoding=encoding) if _BUILT_IN[name] in _ENCODED else read
    return built_in


def join_pages(pages: Iterable[str], separator: str = "\n") -> str:
    r"""Return the texts of pages as one text, in which a form feed ends every page.

    Parameters
    ----------
    pages
        Their texts, of which some may be empty. A form feed in one of them becomes a space.
    separator
        White space that ends a page's text: a line feed where sentences go on to the next page.

    Returns
    -------
    The text; empty if all pages are.

    Examples
    --------
    >>> join_pages(["It grinds", "wheat."])
    'It grinds\n\x0cwheat.\n\x0c'
    """
    texts = [page.replace("\f", " ").strip() for page in pages]
    return "".join(f"{text}{separator}\f" for text in texts) if any(texts) else ""
