"""Plain text in UTF-8."""

from pathlib import Path

from corpus_tuner.corpora.formats import Parsed, UnreadableError


def read(path: Path) -> Parsed:
    """Read a file of text."""
    return Parsed(read_text(path))


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    UnreadableError
        If it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start + 1}; convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8"
        raise UnreadableError("not UTF-8", detail) from None
