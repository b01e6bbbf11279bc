"""EPUB: chapter by chapter, in reading order (extra ``documents``)."""

import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from corpus_tuner.corpora.formats import FileNote, ParsedFile, UnreadableError, html, join_pages
from corpus_tuner.corpora.formats.archive import check_archive
from corpus_tuner.corpora.formats.markdown import take_title

_FIELDS = {
    "creator": "authors",
    "language": "language",
    "publisher": "publisher",
    "date": "date",
    "description": "description",
    "identifier": "identifier",
}
"""Elements of Dublin Core, and their names in the metadata."""


def read(path: Path) -> ParsedFile:
    """Read a book; the documents of its spine are its pages.

    Raises
    ------
    UnreadableError
        If its chapters are encrypted, or it is too large when unpacked.
    """
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        package = _find_package(archive)
        tree = _parse_xml(archive.read(package))
        spine = _list_spine(tree, posixpath.dirname(package), names)
        if _list_encrypted(archive, names) & {name for name, _ in spine}:
            raise UnreadableError("encrypted, needs a password")
        chapters, notes = [], list[FileNote]()
        for name, is_contents in spine:
            text = ""
            if name not in names:
                notes.append(("chapters that are missing", name))
            elif not is_contents:
                page, note = html.decode_page(archive.read(name), None)
                notes += [(note, name)] if note else []
                text = html.extract_text(page)
            chapters.append(text)
    title = take_title(chapters, _find_first(tree, "title"))
    return ParsedFile(
        join_pages(chapters, separator="\n\n"), title, _read_metadata(tree), tuple(notes)
    )


def _find_package(archive: zipfile.ZipFile) -> str:
    container = _parse_xml(archive.read("META-INF/container.xml"))
    found = next(container.iter("{*}rootfile"), None)
    if found is None:
        raise UnreadableError("damaged, or not what its suffix says", "it names no package")
    return str(found.get("full-path"))


def _parse_xml(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    tree = etree.fromstring(data, parser)
    if tree is None:
        raise UnreadableError("damaged, or not what its suffix says", "broken XML")
    return tree


def _list_spine(tree: Any, folder: str, names: set[str]) -> list[tuple[str, bool]]:
    """Return the files of the book in reading order, and whether each is a table of contents."""
    items = {}
    for item in tree.iter("{*}item"):
        address = item.get("href", "")
        paths = [
            posixpath.normpath(posixpath.join(folder, one)) for one in (unquote(address), address)
        ]
        name = next((one for one in paths if one in names), paths[0])
        items[item.get("id")] = name, "nav" in item.get("properties", "").split()
    found = (items.get(entry.get("idref")) for entry in tree.iter("{*}itemref"))
    return [item for item in found if item is not None]


def _list_encrypted(archive: zipfile.ZipFile, names: set[str]) -> set[str]:
    """Return the names of encrypted files, by DRM or as fonts often are."""
    listed = "META-INF/encryption.xml"
    if listed not in names:
        return set()
    found = _parse_xml(archive.read(listed)).iter("{*}CipherReference")
    return {unquote(reference.get("URI", "")) for reference in found}


def _find_first(tree: Any, name: str) -> str:
    return next((text for found in tree.iter(f"{{*}}{name}") if (text := _get_text(found))), "")


def _read_metadata(tree: Any) -> dict[str, Any]:
    found = {
        field: ", ".join(filter(None, map(_get_text, tree.iter(f"{{*}}{name}"))))
        if name == "creator"
        else _find_first(tree, name)
        for name, field in _FIELDS.items()
    }
    return {field: value for field, value in found.items() if value}


def _get_text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
