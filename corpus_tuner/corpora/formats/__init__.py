"""Formats of files that are one document: one module each, chosen by the suffix of the file name.

Plugins add formats in the entry point group ``corpus_tuner.readers``: the name is a suffix without
its dot, the object a function that takes a path and returns a `ParsedFile`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
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
"""Libraries that read a format; other formats take no time."""
_RULES = 3
"""Version of the rules in this folder, raised when the text of a file changes."""
_ENCODED = frozenset({"text", "markdown", "html", "mail"})
"""Formats whose encoding can be unknown."""

FileNote = tuple[str, str]
"""Reason and detail of a repair of a file, or of an omission in it."""


class ParsedFile(NamedTuple):
    """Contents of a file that is one document.

    Attributes
    ----------
    text
        Text without the title; empty if there is none. Every page of a file with pages ends with a
        form feed (`join_pages`).
    title
        Title; empty if the file has none, then its name is the title.
    metadata
        Metadata of the file.
    notes
        Repairs of the text, and omissions in it.
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


def make_unreadable(error: Exception) -> UnreadableError:
    """Return what a parser raised for a damaged file, which can be anything, as an error of it."""
    detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return UnreadableError("damaged, or not what its suffix says", detail)


FileReader = Callable[[Path], ParsedFile]
"""Function that reads a file, or raises `UnreadableError`."""


@cache
def list_suffixes() -> frozenset[str]:
    """Return the suffixes of all formats, with their dots, in lower case."""
    return frozenset(f".{name}" for name in {*_BUILT_IN, *_find_plugins()})


def _find_plugins() -> dict[str, EntryPoint]:
    return {point.name.lower(): point for point in reversed(entry_points(group=GROUP))}


@cache
def get_reader_identity(suffix: str, encoding: str | None = None) -> str:
    """Return the version of the reader of a suffix, for caches; "" if reading takes no time."""
    name = suffix.removeprefix(".")
    if plugin := _find_plugins().get(name):
        return f"{plugin.value} {plugin.dist.version if plugin.dist else ''}"
    kind = _BUILT_IN[name]
    if kind not in _LIBRARIES:
        return ""
    libraries = [f"{library} {version(library)}" for library in _LIBRARIES[kind]]
    declared = [encoding] if encoding and kind in _ENCODED else []
    return " ".join([f"rules {_RULES}", *libraries, *declared])


@cache
def is_heavy(suffix: str) -> bool:
    """Tell whether a suffix is of a built-in format that a library parses."""
    name = suffix.removeprefix(".")
    return name not in _find_plugins() and _BUILT_IN.get(name) in _LIBRARIES


@cache
def load_reader(suffix: str, encoding: str | None = None) -> FileReader:
    """Return the reader of files with a suffix.

    `encoding` is that of files that are not UTF-8 and declare none.

    Raises
    ------
    MissingExtraError
        If a library that it needs is not installed.
    """
    name = suffix.removeprefix(".")
    if plugin := _find_plugins().get(name):
        loaded: FileReader = plugin.load()
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

    It is empty if all pages are. A form feed in a page becomes a space; `separator` is white space
    that ends its text.

    Examples
    --------
    >>> join_pages(["It grinds", "wheat."])
    'It grinds\n\x0cwheat.\n\x0c'
    """
    texts = [page.replace("\f", " ").strip() for page in pages]
    return "".join(f"{text}{separator}\f" for text in texts) if any(texts) else ""
