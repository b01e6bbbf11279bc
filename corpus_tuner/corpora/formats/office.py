"""Word and PowerPoint, by markitdown (extra ``documents``)."""

import re
from pathlib import Path

# Imported here, since the converters of markitdown import them only when they are used.
import mammoth  # noqa: F401
import pptx  # noqa: F401
from markitdown import DocumentConverter, StreamInfo
from markitdown.converters import DocxConverter, PptxConverter

from corpus_tuner.corpora.formats import ParsedFile, join_pages
from corpus_tuner.corpora.formats.archive import check_archive
from corpus_tuner.corpora.formats.markdown import take_title

# Not by MarkItDown, which guesses formats by a neural network, and would fetch addresses.
_CONVERTERS: dict[str, type[DocumentConverter]] = {".docx": DocxConverter, ".pptx": PptxConverter}
_SLIDE = re.compile(r"<!-- Slide number: \d+ -->")
# Pictures, comments, and control characters.
_NO_TEXT = re.compile(
    r"!\[[^\]\n]*\]\([^)\n]*\)|<!--[^>]*-->|[\x00-\x08\x0c\x0e-\x1f\x7f\ud800-\udfff]"
)
_TITLE_STYLE = "p[style-name='Title'] => h1:fresh"
"""Style map of titles in Word, which mammoth reads as paragraphs."""


def read(path: Path) -> ParsedFile:
    """Read a document; the heading that it begins with is the title, unless it names another.

    Raises
    ------
    UnreadableError
        If it is encrypted, or too large when unpacked.
    """
    suffix = path.suffix.lower()
    check_archive(path)
    with path.open("rb") as file:
        made = _CONVERTERS[suffix]().convert(
            file, StreamInfo(extension=suffix), style_map=_TITLE_STYLE
        )
    pages = [_NO_TEXT.sub(" ", page) for page in _SLIDE.split(made.markdown)]
    if suffix == ".pptx":
        pages = pages[1:]
    title = take_title(pages, " ".join((made.title or "").split()))
    text = join_pages(pages, separator="\n\n") if suffix == ".pptx" else "\n".join(pages).strip()
    return ParsedFile(text, title)
