"""Markdown with front matter: fields in YAML between two ``---``, or TOML between two ``+++``.

Templates, tags and titles with colons make YAML that no parser accepts. Then every field is read
separately, and what is still not YAML is taken as text.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.corpora.formats import FileNote, ParsedFile
from corpus_tuner.corpora.formats.text import make_notes, read_text

_TITLES = ("title", "titel")
_DATA = r"data:(?=[^\s,]{0,200}[/;])[\w.+-]*/?[\w.+-]*(?:;[\w.+=-]+)*,"
_LONG = r"[^\s\"'()<>]{100,}"  # shorter ones are examples in a text about them
_IMAGE = re.compile(rf"!?\[([^\]\n]{{0,1000}})\]\(\s*<?{_DATA}[^\s)]*(?:\s+[\"'(][^\n]*?)?\s*\)")
_REFERENCE = re.compile(rf"^ {{0,3}}\[[^\]\n]{{1,1000}}\]:\s*<?{_DATA}[^\n]*\n?", re.MULTILINE)
_QUOTED = re.compile(rf"([\"']){_DATA}[^\"']{{100,}}\1")
_BARE = re.compile(_DATA + _LONG)
_YAML = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(
    r"^(?P<name>[^\W\d][\w .-]{0,60}?|\"[^\"\n]+\"|'[^'\n]+')[ \t]*:(?=\s)(?P<value>.*)\n"
    r"(?P<more>(?:(?:[^\S\n].*|- .*)?\n)*)",
    re.MULTILINE,
)
"""A field: its name, the rest of its first line, and indented lines, blank lines and lists."""
_TAGS = re.compile(r"#\S")
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}|<%.*%>")
_ERRORS = (yaml.YAMLError, ValueError, TypeError, RecursionError)


def read(path: Path, encoding: str | None = None) -> ParsedFile:
    """Read a file of Markdown, by `encoding` if it is not UTF-8 and declares no other."""
    text, note = read_text(path, encoding)
    parsed = parse(text)
    return parsed._replace(notes=(*make_notes(note), *parsed.notes))


def parse(text: str) -> ParsedFile:
    r"""Parse a text in Markdown, without images in ``data:`` addresses.

    The title is that of the front matter, else the first heading, which is removed from the text.

    Examples
    --------
    >>> parse("---\nyear: 1850\n---\n# The mill\n\nIt grinds wheat.")
    ParsedFile(text='It grinds wheat.', title='The mill', metadata={'year': 1850}, notes=())
    """
    metadata, text, notes = split_front_matter(text)
    names = [name for name in metadata if name.lower() in _TITLES and metadata[name] is not None]
    title = " ".join(str(metadata.pop(names[0])).split()) if names else ""
    pages = [drop_data_addresses(text)]
    title = take_title(pages, title)
    return ParsedFile(pages[0].strip(), title, metadata, notes)


def take_title(pages: list[str], title: str) -> str:
    """Return the title of a text in Markdown; it is removed from its start if it is the heading.

    If the title is empty, the heading at the start of the first of `pages` with text is the title.

    Examples
    --------
    >>> pages = ["# The mill", "It grinds wheat."]
    >>> take_title(pages, ""), pages
    ('The mill', ['', 'It grinds wheat.'])
    """
    first = next((number for number, page in enumerate(pages) if page.strip()), None)
    if first is None:
        return title
    line, _, rest = pages[first].lstrip().partition("\n")
    heading = line[2:].strip().rstrip("#").strip() if line.startswith("# ") else ""
    if not heading or title not in ("", heading):
        return title
    pages[first] = rest.strip()
    return heading


def drop_data_addresses(text: str) -> str:
    """Return Markdown without ``data:`` addresses (RFC 2397), with the descriptions of images.

    Examples
    --------
    >>> drop_data_addresses("The ![mill](data:image/png;base64,iVBORw0KGgo=) turns.")
    'The mill turns.'
    """
    if "data:" not in text:
        return text
    text = _REFERENCE.sub("", _IMAGE.sub(r"\1", text))
    return _BARE.sub("", _QUOTED.sub(r"\1\1", text))


def split_front_matter(text: str) -> tuple[dict[str, Any], str, tuple[FileNote, ...]]:
    r"""Return the fields of the front matter of a text, the text below it, and notes on repairs.

    Examples
    --------
    >>> split_front_matter("---\ntitle: Part 1: The mill\n---\nIt grinds.")[0]
    {'title': 'Part 1: The mill'}
    """
    if found := _TOML.match(text):
        try:
            fields: object = tomllib.loads(found[1])
        except (ValueError, RecursionError) as error:
            if "=" not in found[1]:
                return {}, text, ()
            note = ("front matter that is not TOML", str(error))
            return {}, text[found.end() :], (note,)
        prose = problem = ""
    elif found := _YAML.match(text):
        fields, prose, problem = _read_yaml(found[1]) if found[1].strip() else ({}, "", "")
    else:
        return {}, text, ()
    if not isinstance(fields, dict):  # text between two rules
        return {}, text, ()
    notes = [("front matter that is not YAML", problem)] if problem else []
    metadata: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            metadata |= convert_metadata({str(name): value})
        except MetadataError as error:
            notes.append(("fields of front matter left out", error.detail or error.reason))
    return metadata, prose + text[found.end() :], tuple(notes)


def _read_yaml(text: str) -> tuple[object, str, str]:
    """Return the fields; if the YAML is broken, also the other lines, and the problem."""
    try:
        fields = yaml.load(text, _PlainLoader)
    except _ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2}: " if mark else ""
        problem = f"{line}{getattr(error, 'problem', None) or error}"
        return *_read_fields(text), problem
    if isinstance(fields, dict):
        for found in _FIELD.finditer(text):
            name, value = found["name"].strip("\"'"), found["value"].strip()
            # In "tags: #kitchen #roof" the tags are a comment of YAML.
            if _TAGS.match(value) and not found["more"].strip() and fields.get(name, "") is None:
                fields[name] = value
    return fields, "", ""


def _read_fields(text: str) -> tuple[dict[str, Any] | None, str]:
    """Return the fields, parsed one by one, ``None`` if there are none; and the other lines."""
    fields: dict[str, Any] = {}
    for found in _FIELD.finditer(text):
        name, value = found["name"].strip("\"'"), found["value"].strip()
        if _TEMPLATE.fullmatch(value):  # of a file that a generator has still to fill in
            continue
        for written in (found[0], found[0].expandtabs(2)):
            try:
                read = yaml.load(written, _PlainLoader)
            except _ERRORS:
                continue
            if isinstance(read, dict):
                fields |= {str(key): one for key, one in read.items()}
                break
        else:
            items = [line.strip() for line in found["more"].strip().splitlines()]
            if not items:
                fields[name] = value.strip("\"'")
            elif not value and all(item.startswith("- ") for item in items):
                fields[name] = [item[2:].strip().strip("\"'") for item in items]
            else:
                fields[name] = " ".join([value, *items]).strip()
    lines = _FIELD.sub("", text).splitlines(keepends=True)
    prose = "".join(line for line in lines if line.strip() and not line.startswith("#"))
    return (fields, prose) if _FIELD.search(text) else (None, "")


class _PlainLoader(yaml.SafeLoader):
    """A safe loader without aliases: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)
