"""Helpers of the tests of formats with pages and headings."""

from corpus_tuner.core.documents import Document
from corpus_tuner.indexes.search.snippets import locate_window
from corpus_tuner.text.headings import find_sections


def find_page(document: Document, sentence: str) -> int | None:
    found = locate_window(document, sentence)
    assert found is not None
    return found.page


def list_headings(document: Document) -> list[tuple[str, ...]]:
    return [section.headings for section in find_sections(document.text)]
