"""Markdown. The fields of its front matter become metadata, its title the title."""

import re
from pathlib import Path

from corpus_tuner.corpora.formats import Parsed
from corpus_tuner.corpora.formats.front_matter import split_front_matter
from corpus_tuner.corpora.formats.text import notes_of, read_text

_TITLES = ("title", "titel")
_DATA = r"data:(?=[^\s,]{0,200}[/;])[\w.+-]*/?[\w.+-]*(?:;[\w.+=-]+)*,"
_LONG = r"[^\s\"'()<>]{100,}"  # shorter ones are examples in a text about them
_IMAGE = re.compile(rf"!?\[([^\]\n]{{0,1000}})\]\(\s*<?{_DATA}[^\s)]*(?:\s+[\"'(][^\n]*?)?\s*\)")
_REFERENCE = re.compile(rf"^ {{0,3}}\[[^\]\n]{{1,1000}}\]:\s*<?{_DATA}[^\n]*\n?", re.MULTILINE)
_QUOTED = re.compile(rf"([\"']){_DATA}[^\"']{{100,}}\1")
_BARE = re.compile(_DATA + _LONG)


def read(path: Path, encoding: str | None = None) -> Parsed:
    """Read a file of Markdown, by `encoding` if it is not UTF-8 and declares no other."""
    text, note = read_text(path, encoding)
    parsed = parse(text)
    return parsed._replace(notes=(*notes_of(note), *parsed.notes))


def parse(text: str) -> Parsed:
    r"""Return what a text in Markdown says, without images that stand in it as ``data:`` addresses.

    The title is that of the front matter, else a first heading, which is no part of the text then.

    Examples
    --------
    >>> parse("---\nyear: 1850\n---\n# The mill\n\nIt grinds wheat.")
    Parsed(text='It grinds wheat.', title='The mill', metadata={'year': 1850}, notes=())
    """
    metadata, text, notes = split_front_matter(text)
    names = [name for name in metadata if name.lower() in _TITLES and metadata[name] is not None]
    title = " ".join(str(metadata.pop(names[0])).split()) if names else ""
    text = drop_data_addresses(text)
    heading, rest = split_heading(text)
    if heading and title in ("", heading):
        title, text = heading, rest
    return Parsed(text.strip(), title, metadata, notes)


def split_heading(text: str) -> tuple[str, str]:
    r"""Return the heading that a text begins with, empty if there is none, and the rest.

    Examples
    --------
    >>> split_heading("# The mill\n\nIt grinds wheat.")
    ('The mill', 'It grinds wheat.')
    """
    first, _, rest = text.lstrip().partition("\n")
    if not first.startswith("# "):
        return "", text.strip()
    return first[2:].strip().rstrip("#").strip(), rest.strip()


def drop_data_addresses(text: str) -> str:
    """Return Markdown without ``data:`` addresses (RFC 2397): of an image, its description is left.

    Examples
    --------
    >>> drop_data_addresses("The ![mill](data:image/png;base64,iVBORw0KGgo=) turns.")
    'The mill turns.'
    """
    if "data:" not in text:
        return text
    text = _REFERENCE.sub("", _IMAGE.sub(r"\1", text))
    return _BARE.sub("", _QUOTED.sub(r"\1\1", text))
