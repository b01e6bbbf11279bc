"""PDF, page by page, by PDFium (extra ``documents``).

Lines that the outline (bookmarks) names are headings, and are marked as in Markdown.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from ctypes import c_ushort
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from corpus_tuner.corpora.formats import FileNote, ParsedFile, UnreadableError, join_pages

_HYPHEN = re.compile(r"(?<=\w)\x02(?=(\w))")
"""Mark of PDFium between the parts of a hyphenated word that it has joined."""
_UNKNOWN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]+|\(cid:\d+\)")
"""Glyphs without a character in the font."""
_WRITTEN = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
_NO_PART_OF_TITLE = re.compile(r"^[\W\d_]+|[\W_]+")
_NO_TITLE = re.compile(
    r"microsoft (?:word|excel|powerpoint)\b.*|(?:untitled|unbenannt|ohne titel|sans titre)\b.*|"
    r"(?:document|dokument|layout|presentation|präsentation|slide|folie|book|mappe)\s*\d*|"
    r"power ?point[- ](?:presentation|präsentation)|(?:https?|file):.*|[a-z]:\\.*|"
    r".*\.(?:docx?|odt|rtf|tex|dvi|ps|pdf|indd|qxd|pptx?|xlsx?|html?|txt|md|pub|cdr|ai|eps)",
    re.IGNORECASE,
)
"""Titles that programs set: their own names, and those of files."""


def read(path: Path) -> ParsedFile:
    """Read a document: the text of its pages with headings, and the values of its form fields.

    Raises
    ------
    UnreadableError
        If it needs a password.
    """
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise UnreadableError("encrypted, needs a password") from None
        raise
    with document:
        document.init_forms()
        found = list(_read_pages(document))
        pages = [page or "" for page in found]
        with suppress(UnicodeDecodeError):  # the title of a bookmark
            _mark_headings(document, pages)
        title = " ".join(document.get_metadata_value("Title").split())
    notes = [
        _make_note("damaged pages", [page is None for page in found]),
        _make_note("pages without text", [page is not None and not page.strip() for page in found]),
        _make_note("pages with characters that cannot be read", map(_UNKNOWN.search, pages)),
    ]
    return ParsedFile(
        join_pages(_UNKNOWN.sub(" ", page) for page in pages),
        title if is_title(title, path) else "",
        notes=tuple(filter(None, notes)),
    )


def is_title(title: str, path: Path) -> bool:
    """Tell whether the title of a document was set by an author, not by a program.

    Examples
    --------
    >>> [is_title(title, Path("a.pdf")) for title in ("Annual Report 2023", "report.doc")]
    [True, False]
    """
    if title.casefold() in (path.stem.casefold(), path.name.casefold()):
        return False
    return any(map(str.isalpha, title)) and not _NO_TITLE.fullmatch(title)


def _read_pages(document: pypdfium2.PdfDocument) -> Iterator[str | None]:
    """Yield the text of every page, its lines ended by line feeds; ``None`` if it is damaged."""
    for number in range(len(document)):
        try:
            page = document[number]
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            yield None
            continue
        # Before a capital the hyphen remains.
        text = _HYPHEN.sub(
            lambda mark: "" if mark[1].islower() else "-", text_page.get_text_bounded()
        )
        text_page.close()
        text = "\n".join([text, *_read_form_values(document, page)])
        page.close()
        yield text.replace("\r\n", "\n").replace("\r", "\n")


def _mark_headings(document: pypdfium2.PdfDocument, pages: list[str]) -> None:
    """Mark the lines that are the titles of bookmarks to their page."""
    for bookmark in document.get_toc():
        destination = bookmark.get_dest()
        number = destination.get_index() if destination else None
        title = _fold_title(bookmark.get_title())
        if number is None or not title:
            continue
        lines = pages[number].split("\n")
        for at, line in enumerate(lines):
            if not line.startswith("#") and _fold_title(line) == title:
                lines[at] = f"{'#' * min(bookmark.level + 1, 6)} {line.strip()}"
                break
        pages[number] = "\n".join(lines)


def _fold_title(title: str) -> str:
    """Return the letters and digits of a title, without its number."""
    return _NO_PART_OF_TITLE.sub("", title).casefold()


def _read_form_values(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[str]:
    """Yield the values of the form fields of a page."""
    if document.formenv is None:
        return
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        field = raw.FPDFPage_GetAnnot(page, number)
        if raw.FPDFAnnot_GetFormFieldType(document.formenv, field) in _WRITTEN:
            size = raw.FPDFAnnot_GetFormFieldValue(document.formenv, field, None, 0)
            value = (c_ushort * (size // 2))()
            raw.FPDFAnnot_GetFormFieldValue(document.formenv, field, value, size)
            yield bytes(value).decode("utf-16-le", "replace").rstrip("\0")
        raw.FPDFPage_CloseAnnot(field)


def _make_note(reason: str, pages: Iterable[object]) -> FileNote | None:
    """Return a note on the pages with a true value; `None` if there are none."""
    numbers = [number for number, found in enumerate(pages, 1) if found]
    return (reason, format_pages(numbers)) if numbers else None


def format_pages(numbers: Sequence[int]) -> str:
    """Return page numbers as text, consecutive ones as a range.

    Examples
    --------
    >>> format_pages([1, 2, 3, 7])
    'pages 1-3, 7'
    """
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    listed = ", ".join("-".join(map(str, part)) for part in parts)
    return f"page {listed}" if len(numbers) == 1 else f"pages {listed}"
