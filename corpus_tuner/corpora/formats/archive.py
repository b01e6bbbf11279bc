"""Documents that are ZIP archives: Word, PowerPoint and EPUB."""

import zipfile
from pathlib import Path, PurePosixPath

from corpus_tuner.core.records import MAX_LINE_BYTES
from corpus_tuner.corpora.formats import UnreadableError

_MARKUP = frozenset(".xml .rels .html .xhtml .htm .opf .ncx".split())  # noqa: SIM905
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_archive(path: Path) -> None:
    """Refuse an encrypted document, and one that is small and unpacks to gigabytes.

    Raises
    ------
    UnreadableError
        If it is one of these.
    zipfile.BadZipFile
        If it is no archive.
    """
    with path.open("rb") as file:  # Office files with a password are no archives
        if file.read(len(_COMPOUND_FILE)) == _COMPOUND_FILE and _ENCRYPTED in file.read():
            raise UnreadableError("encrypted, needs a password")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    markup = sum(e.file_size for e in entries if PurePosixPath(e.filename).suffix in _MARKUP)
    if markup > MAX_LINE_BYTES or sum(e.file_size for e in entries) > 16 * MAX_LINE_BYTES:
        raise UnreadableError("larger than can be read when unpacked")
