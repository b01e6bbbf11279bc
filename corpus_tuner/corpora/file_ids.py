"""Ids of documents from the names of their files."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

# What percent-encoding changes: control characters, line separators, bytes that are not UTF-8, and
# what would be read as a percent-encoded byte.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_ESCAPED = re.compile(rf"{_UNPRINTABLE.pattern}|{_NOT_UTF8.pattern}|%(?=[0-9A-Fa-f]{{2}})")
_OUTER_SPACE = re.compile(r"^\s+|\s+$")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_TEMPORARY = re.compile(r"~\$.*|#.*#|.*~|.*\.sw[op]|Thumbs\.db|desktop\.ini", re.IGNORECASE)


def names_in_ids(names: Iterable[str]) -> dict[str, str]:
    r"""Return how the files of one folder are called in ids.

    Names are in Unicode's form NFC, which macOS does not keep. Control characters, bytes that are
    not UTF-8, and a percent sign before two hexadecimal digits are percent-encoded as in URLs, so
    that `urllib.parse.unquote_to_bytes` gives the name back. Of two names that differ by
    normalisation alone, the one that is not in NFC has all characters percent-encoded that are not
    ASCII.

    Examples
    --------
    >>> sorted(names_in_ids(["100%.md", "50%20.md", "a\nb.txt", "caf\udce9.txt"]).values())
    ['100%.md', '50%2520.md', 'a%0Ab.txt', 'caf%E9.txt']
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda name: (not unicodedata.is_normalized("NFC", name), name)):
        one = _ESCAPED.sub(_encoded, unicodedata.normalize("NFC", name))
        if one in taken:
            one = _NOT_ASCII.sub(_encoded, _ESCAPED.sub(_encoded, name))
        taken.add(one)
        found[name] = one
    return found


def id_of(path: str) -> str:
    """Return the id of a file, its path in ids: white space at its ends is percent-encoded, too.

    Examples
    --------
    >>> id_of(" notes/My  notes.txt")
    '%20notes/My  notes.txt'
    """
    return _OUTER_SPACE.sub(_encoded, path)


def title_of(path: Path) -> str:
    r"""Return the title of a file that has none of its own: its name without the suffix.

    Examples
    --------
    >>> title_of(Path("My\nnotes.txt"))
    'My notes'
    """
    name = _UNPRINTABLE.sub(" ", unicodedata.normalize("NFC", path.stem))
    return " ".join(_NOT_UTF8.sub("\N{REPLACEMENT CHARACTER}", name).split())


def is_temporary(name: str) -> bool:
    """Tell whether an editor, an office program or a file manager leaves such files behind.

    Examples
    --------
    >>> [is_temporary(name) for name in ("~$offer.docx", "notes.md~", "notes.md")]
    [True, True, False]
    """
    return _TEMPORARY.fullmatch(name) is not None


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape"))
