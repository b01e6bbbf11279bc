"""Helper of the tests of formats with pages."""

from corpus_tuner.core.documents import Document
from corpus_tuner.indexes.search.snippets import locate_window


def find_page(document: Document, sentence: str) -> int | None:
    found = locate_window(document, sentence)
    assert found is not None
    return found.page
