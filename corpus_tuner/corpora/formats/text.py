"""Plain text, in UTF-8 or, with a note, in another encoding."""

from pathlib import Path

from corpus_tuner.core.encodings import Decoded, decode
from corpus_tuner.corpora.formats import FileNote, ParsedFile, UnreadableError

_START = 8192  # bytes that decide whether a file is text, as in Git


def read(path: Path, encoding: str | None = None) -> ParsedFile:
    """Read a file of text, by `encoding` if it is not UTF-8 and declares no other."""
    text, note = read_text(path, encoding)
    return ParsedFile(text, notes=make_notes(note))


def read_text(path: Path, encoding: str | None = None) -> Decoded:
    """Return the text of a file, with line feeds as line ends.

    Raises
    ------
    UnreadableError
        If it is not text.
    """
    data = path.read_bytes()
    text, note = decode(data, encoding)
    if note and "\0" in text[:_START]:
        raise UnreadableError("not text", "it has null bytes and is not UTF-8")
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), note)


def make_notes(*reasons: str) -> tuple[FileNote, ...]:
    """Return notes without details, each once; none of an empty reason."""
    return tuple((reason, "") for reason in dict.fromkeys(reasons) if reason)
