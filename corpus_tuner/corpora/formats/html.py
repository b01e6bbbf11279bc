"""Web pages: main text, title and language (extra ``documents``)."""

import re
from pathlib import Path
from typing import Any

import lxml  # noqa: F401 - bs4 would miss it only when it is used
from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from corpus_tuner.corpora.formats import Parsed

# What surrounds the text on a page. Forms are left alone: some sites wrap whole pages in one.
_SURROUNDINGS = (
    "script, style, noscript, template, svg, iframe, nav, aside, button, input, select, textarea, "
    "body > header, body > footer"
)
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def read(path: Path) -> Parsed:
    """Read a page; where it is not UTF-8, the page names its encoding."""
    data = path.read_bytes()
    try:
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return parse(data)


def parse(page: str | bytes) -> Parsed:
    """Return what a page says, as Markdown without links, pictures and emphasis.

    Examples
    --------
    >>> parse("<html lang=en><title>Mill</title><nav>Home</nav><p>It <b>grinds</b> wheat.").text
    'It grinds wheat.'
    """
    soup = BeautifulSoup(page, "lxml")
    for unwanted in soup.select(_SURROUNDINGS):
        unwanted.decompose()
    main = soup.find("main") or _only(soup, "article") or soup.body or soup
    heading = soup.find("h1")
    named = soup.title.get_text(" ", strip=True) if soup.title else ""
    said = heading.get_text(" ", strip=True) if isinstance(heading, Tag) else ""
    if isinstance(heading, Tag) and (not named or named == said):
        heading.decompose()  # it would be read twice
    text: str = _CONVERTER.convert_soup(main)
    language = soup.html.get("lang") if soup.html else None
    metadata: dict[str, Any] = {"language": str(language)} if language else {}
    return Parsed(
        _BLANK_LINES.sub("\n\n", text).strip(), " ".join((named or said).split()), metadata
    )


def _only(soup: BeautifulSoup, name: str) -> Tag | None:
    found = soup.find_all(name)
    return found[0] if len(found) == 1 and isinstance(found[0], Tag) else None


_CONVERTER = MarkdownConverter(
    strip=["a", "img", "b", "strong", "i", "em"],
    heading_style="atx",
    escape_asterisks=False,
    escape_underscores=False,
    escape_misc=False,
)
