"""PDF, Word, PowerPoint and EPUB, by markitdown (extra ``documents``)."""

import re
import zipfile
from pathlib import Path, PurePosixPath

# Checked here, since markitdown's own converters miss them only when they are used.
import mammoth  # noqa: F401
import pdfminer  # noqa: F401
import pptx  # noqa: F401
from markitdown import DocumentConverter, StreamInfo
from markitdown.converters import DocxConverter, EpubConverter, PdfConverter, PptxConverter

from corpus_tuner.corpora.formats import Parsed, UnreadableError
from corpus_tuner.corpora.formats.markdown import split_heading
from corpus_tuner.eval.records import MAX_LINE_BYTES

# One by one, not by MarkItDown: that guesses by a neural network, and would fetch addresses.
_CONVERTERS: dict[str, type[DocumentConverter]] = {
    ".pdf": PdfConverter,
    ".docx": DocxConverter,
    ".pptx": PptxConverter,
    ".epub": EpubConverter,
}
_MARKUP = frozenset(".xml .rels .html .xhtml .htm .opf .ncx".split())  # noqa: SIM905
# Pictures, comments such as the numbers of slides, and characters that are none.
_NO_TEXT = re.compile(
    r"!\[[^\]\n]*\]\([^)\n]*\)|<!--[^>]*-->|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]"
)
_TITLE_STYLE = "p[style-name='Title'] => h1:fresh"
"""Of Word: mammoth takes the style of titles for that of any paragraph."""
_EPUB_FIELD = re.compile(r"\*\*(\w+):\*\* (.*)")


def read(path: Path) -> Parsed:
    """Read a document; the heading that it begins with is the title, unless it names another."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        if suffix != ".pdf":
            _check_unpacked_size(path)
        about = StreamInfo(extension=suffix)
        made = _CONVERTERS[suffix]().convert(file, about, style_map=_TITLE_STYLE)
    text = _NO_TEXT.sub(" ", made.markdown).lstrip()
    metadata = {}
    while suffix == ".epub" and (field := _EPUB_FIELD.match(text)):
        metadata[field[1].lower()] = field[2]
        text = text[field.end() :].lstrip()
    named = metadata.pop("title", "") or " ".join((made.title or "").split())
    heading, rest = split_heading(text)
    return Parsed(rest if named in ("", heading) else text.strip(), named or heading, metadata)


def _check_unpacked_size(path: Path) -> None:
    """Refuse an archive that is small, and of which gigabytes would be unpacked."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    markup = sum(e.file_size for e in entries if PurePosixPath(e.filename).suffix in _MARKUP)
    if markup > MAX_LINE_BYTES or sum(e.file_size for e in entries) > 16 * MAX_LINE_BYTES:
        raise UnreadableError("larger than can be read when unpacked")
