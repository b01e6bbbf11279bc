"""Markdown, with front matter in YAML: its fields become metadata, its title the title."""

import re
from pathlib import Path
from typing import Any

import yaml

from corpus_tuner.corpora.formats import Parsed, UnreadableError
from corpus_tuner.corpora.formats.text import read_text

_TITLES = ("title", "titel")
_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)


def read(path: Path) -> Parsed:
    """Read a file of Markdown."""
    return parse(read_text(path))


def parse(text: str) -> Parsed:
    r"""Return what a text in Markdown says.

    The title is that of the front matter, else a first heading, which is no part of the text then.

    Raises
    ------
    UnreadableError
        If the front matter is not YAML.

    Examples
    --------
    >>> parse("---\nyear: 1850\n---\n# The mill\n\nIt grinds wheat.")
    Parsed(text='It grinds wheat.', title='The mill', metadata={'year': 1850})
    """
    metadata, text = _front_matter(text)
    names = [name for name in metadata if name.lower() in _TITLES and metadata[name] is not None]
    title = " ".join(str(metadata.pop(names[0])).split()) if names else ""
    heading, rest = split_heading(text)
    if heading and title in ("", heading):
        title, text = heading, rest
    return Parsed(text.strip(), title, metadata)


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


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        fields = yaml.load(found[1], _PlainLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2}: " if mark else ""
        detail = f"{line}{getattr(error, 'problem', None) or error}"
        raise UnreadableError("front matter that is not YAML", detail) from None
    if not isinstance(fields, dict):  # a text between two rules
        return {}, text
    return {str(name): value for name, value in fields.items()}, text[found.end() :]


class _PlainLoader(yaml.SafeLoader):
    """A safe loader without aliases: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)
