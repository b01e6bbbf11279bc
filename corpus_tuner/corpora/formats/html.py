"""Web pages: main text, title and language (extra ``documents``).

The text of a page is that of its ``main`` element or, if that has little of it, of the whole body.
Only elements that are certain to be no text of the page are left out.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lxml  # noqa: F401 - bs4 would miss it only when it is used
from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from corpus_tuner.core.encodings import Decoded, decode
from corpus_tuner.corpora.formats import ParsedFile
from corpus_tuner.corpora.formats.text import make_notes

# Forms are read: some sites wrap whole pages in one. Ruby annotations would split words.
_NO_TEXT = "script, style, template:not([shadowrootmode]), svg, iframe, rt, rp, rtc"
_HIDDEN = "[hidden]:not([hidden=until-found]):not([role=tabpanel])"
_CONTROLS = "noscript, input, select, datalist, button"
_NAVIGATION = "nav, [role=navigation]"
_MAIN = "main, [role=main]"
_SURROUNDINGS = "body > header, body > footer, aside"
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_LABELS = [*_HEADINGS, "dt", "summary", "legend"]
"""Elements in which a button is the label of the part that it opens."""
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_DECLARED = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.-]+)",
    re.IGNORECASE,
)
_XML = re.compile(r"\A\s*<\?xml[^>]*>")
_HEAD = 4096  # bytes in which a page declares its encoding


def read(path: Path, encoding: str | None = None) -> ParsedFile:
    """Read a page, by `encoding` if it is not UTF-8 and declares no other."""
    page, note = decode_page(path.read_bytes(), encoding)
    return parse(page)._replace(notes=make_notes(note))


def decode_page(data: bytes, *declared: str | None) -> Decoded:
    """Decode a page by its ``meta`` element or XML declaration, and by other declared encodings.

    Examples
    --------
    >>> decode_page("<meta charset=koi8-r><p>Мельница".encode("koi8-r")).text
    '<meta charset=koi8-r><p>Мельница'
    """
    own = [(one or other).decode("ascii") for one, other in _DECLARED.findall(data[:_HEAD])]
    return decode(data, *declared[:-1], *own, *declared[-1:])


def parse(page: str) -> ParsedFile:
    """Parse a page to Markdown without links, pictures and emphasis.

    Examples
    --------
    >>> parse("<html lang=en><title>Mill</title><nav>Home</nav><p>It <b>grinds</b> wheat.").text
    'It grinds wheat.'
    """
    soup = _parse_html(page)
    heading = soup.find("h1")
    named = " ".join(soup.title.get_text(" ").split()) if soup.title else ""
    said = " ".join(heading.get_text(" ").split()) if heading else ""
    left_out = _drop_surroundings(soup)
    if heading and (not named or named == said):
        heading.decompose()  # it would be read twice
    language = soup.html.get("lang") if soup.html else None
    metadata: dict[str, Any] = {"language": str(language)} if language else {}
    return ParsedFile(_extract_text(soup, left_out), named or said, metadata)


def extract_text(page: str) -> str:
    r"""Return the text of a page with all its headings, as Markdown.

    Examples
    --------
    >>> extract_text("<h1>Mill</h1><p>It grinds wheat.")
    '# Mill\n\nIt grinds wheat.'
    """
    soup = _parse_html(page)
    return _extract_text(soup, _drop_surroundings(soup))


def _parse_html(page: str) -> BeautifulSoup:
    """Return the elements of a page without those that are no text."""
    # lxml stops at a null character; bs4 warns of XML, and of one line that may be an address.
    page = _XML.sub("", page.replace("\0", "")) + "\n"
    soup = BeautifulSoup(page, "lxml")
    for unwanted in soup.select(_NO_TEXT):
        unwanted.decompose()
    return soup


def _drop_surroundings(soup: BeautifulSoup) -> list[Tag]:
    """Remove the elements around the text of a page, and return them."""
    unwanted = [
        found
        for found in soup.select(f"{_HIDDEN}, {_CONTROLS}, {_NAVIGATION}, {_SURROUNDINGS}")
        if not _is_own(found)
    ]
    return [found.extract() for found in unwanted]


def _is_own(found: Tag) -> bool:
    """Tell whether an element, of those that may surround a text, is a part of it."""
    if found.name == "button":
        return found.find_parent(_LABELS) is not None
    if found.has_attr("hidden"):
        return False
    if found.name == "aside":
        in_text = found.find_parent(["main", "article"]) is not None
        return in_text or _count_letters(found) >= _count_letters(found, of_links=True)
    return found.name == "header" and found.find(_HEADINGS) is not None


def _extract_text(soup: BeautifulSoup, left_out: Sequence[Tag]) -> str:
    body = soup.body or soup
    mains = [found for found in soup.select(_MAIN) if not found.find_parent("main")]
    if 2 * sum(map(_count_letters, mains)) < _count_letters(body):
        mains = []
    for parts in (mains, [body], left_out):
        text = "\n\n".join(filter(None, map(_convert_markdown, parts)))
        if text:
            return text
    return ""


def _count_letters(tag: Tag, of_links: bool = False) -> int:
    """Return the number of characters of an element outside links, or in them."""
    in_links = sum(_count_characters(link) for link in tag.find_all("a"))
    return in_links if of_links else _count_characters(tag) - in_links


def _count_characters(tag: Tag) -> int:
    return len("".join(tag.get_text().split()))


def _convert_markdown(tag: Tag) -> str:
    try:
        text: str = _CONVERTER.convert_soup(tag)
    except RecursionError:  # thousands of elements in one another, as unclosed ones make them
        text = tag.get_text("\n")
    return _BLANK_LINES.sub("\n\n", text).strip()


_CONVERTER = MarkdownConverter(
    strip=["a", "img", "b", "strong", "i", "em"],
    heading_style="atx",
    escape_asterisks=False,
    escape_underscores=False,
    escape_misc=False,
)
