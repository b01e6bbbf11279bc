"""Front matter: fields in YAML between two ``---``, or in TOML between two ``+++``.

Templates, tags and titles with colons make YAML that no parser accepts. Then every field is read by
itself, and what is still not YAML is taken as text.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.corpora.formats import FileNote

_YAML = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"(?P<name>[^\W\d][\w .-]{0,60}?|\"[^\"\n]+\"|'[^'\n]+')[ \t]*:(?=\s|$)(.*)")
_TAGS = re.compile(r"#\S")
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}|<%.*%>")
_ERRORS = (yaml.YAMLError, ValueError, TypeError, RecursionError)


class FrontMatter(NamedTuple):
    """Front matter, and the text that follows it.

    Attributes
    ----------
    metadata
        Its fields.
    text
        The rest; all of it if there is no front matter.
    notes
        What was repaired or left out.
    """

    metadata: dict[str, Any]
    text: str
    notes: tuple[FileNote, ...] = ()


def split_front_matter(text: str) -> FrontMatter:
    r"""Split a text at the end of its front matter. No text is an error.

    Examples
    --------
    >>> split_front_matter("---\ntitle: Part 1: The mill\n---\nIt grinds.").metadata
    {'title': 'Part 1: The mill'}
    """
    if found := _TOML.match(text):
        try:
            fields: object = tomllib.loads(found[1])
        except (ValueError, RecursionError) as error:
            if "=" not in found[1]:
                return FrontMatter({}, text)
            note = ("front matter that is not TOML", str(error))
            return FrontMatter({}, text[found.end() :], (note,))
        prose = problem = ""
    elif found := _YAML.match(text):
        fields, prose, problem = _read_yaml(found[1]) if found[1].strip() else ({}, "", "")
    else:
        return FrontMatter({}, text)
    if not isinstance(fields, dict):  # text between two rules
        return FrontMatter({}, text)
    notes = [("front matter that is not YAML", problem)] if problem else []
    metadata: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            metadata |= convert_metadata({str(name): value})
        except MetadataError as error:
            notes.append(("fields of front matter left out", error.detail or error.reason))
    return FrontMatter(metadata, prose + text[found.end() :], tuple(notes))


def _read_yaml(text: str) -> tuple[object, str, str]:
    """Return what YAML says; if it is broken, also lines that are no fields, and the problem."""
    try:
        fields = yaml.load(text, _PlainLoader)
    except _ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2}: " if mark else ""
        problem = f"{line}{getattr(error, 'problem', None) or error}"
        return *_read_fields(text), problem
    if isinstance(fields, dict):
        for name, value, block in _fields(text):
            # Of "tags: #kitchen #roof" YAML takes the tags for a comment.
            if (
                name
                and _TAGS.match(value)
                and "\n" not in block.strip()
                and fields.get(name, "") is None
            ):
                fields[name] = value
    return fields, "", ""


def _read_fields(text: str) -> tuple[dict[str, Any] | None, str]:
    """Read every field by itself; ``None`` if there is none. Return other lines as well."""
    fields: dict[str, Any] = {}
    blocks = list(_fields(text))
    prose = "".join(block for name, _, block in blocks if not name)
    for name, value, block in blocks:
        if not name:
            continue
        if _TEMPLATE.fullmatch(value):  # of a file that a generator has still to fill in
            continue
        for written in (block, block.expandtabs(2)):
            try:
                read = yaml.load(written, _PlainLoader)
            except _ERRORS:
                continue
            if isinstance(read, dict):
                fields |= {str(key): one for key, one in read.items()}
                break
        else:
            items = [line.strip() for line in block.strip().splitlines()[1:]]
            if not items:
                fields[name] = value.strip("\"'")
            elif not value and all(item.startswith("- ") for item in items):
                fields[name] = [item[2:].strip().strip("\"'") for item in items]
            else:
                fields[name] = " ".join([value, *items]).strip()
    return (fields, prose) if any(name for name, _, _ in blocks) else (None, "")


def _fields(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name of every field, what stands on its line, and all lines that belong to it.

    Lines that belong to no field and are no comments come without a name.
    """
    name, value, block = "", "", ""
    for line in text.splitlines(keepends=True):
        found = _FIELD.match(line)
        if found:
            if name:
                yield name, value, block
            name, value, block = found["name"].strip("\"'"), found[2].strip(), line
        elif name and (line[0].isspace() or line.startswith("- ")):
            block += line
        else:
            if name:
                yield name, value, block
                name = ""
            if line.strip() and not line.startswith("#"):
                yield "", "", line
    if name:
        yield name, value, block


class _PlainLoader(yaml.SafeLoader):
    """A safe loader without aliases: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)
