"""Plain text, and the pages that form feeds separate."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus
from corpus_tuner.core.documents import Document
from corpus_tuner.corpora.formats import join_pages
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
