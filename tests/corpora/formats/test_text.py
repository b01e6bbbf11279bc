"""Plain text, and the pages that form feeds separate."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus
from corpus_tuner.core.documents import Document
from corpus_tuner.corpora.formats import UnreadableError, join_pages
from corpus_tuner.corpora.formats.text import read, read_text
from tests.corpora.formats.conftest import find_page


@given(st.lists(st.text("ab .\n\f"), max_size=6))
def test_the_page_of_any_text(pages: list[str]) -> None:
    text = join_pages([f"{page} word{number}" for number, page in enumerate(pages, 1)])
    document = Document("a", "A title", text)
    for number in range(1, len(pages) + 1):
        assert find_page(document, f"word{number}") == number
    assert (
        join_pages([page.replace("a", "").replace("b", "").replace(".", "") for page in pages])
        == ""
    )


def test_text_without_pages() -> None:
    assert find_page(Document("a", "", "The mill turns."), "turns.") is None


def test_plain_text_with_form_feeds_has_pages(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\f\nThe mill turns.\n\f\nWheat is ground.\n", encoding="utf-8")
    (document,) = Corpus(tmp_path)
    assert [find_page(document, one) for one in ("The mill turns.", "Wheat is ground.")] == [2, 3]


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_line_ends_are_line_feeds(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "text.txt"
    path.write_text(text.lstrip("\ufeff"), encoding="utf-8", newline="")
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert read_text(path) == (lines, "")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"M\xfchle\0")
    with pytest.raises(UnreadableError, match="not text"):
        read(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes(b"M\xfchle")
    assert read(tmp_path / "a.txt").notes == (("not UTF-8: read as windows-1252", ""),)
    assert read(tmp_path / "a.txt", "cp1251").text == "Mьhle"
