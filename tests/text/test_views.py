"""Views of the document itself: its title and its sentences."""

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.text.views import ViewSettings, make_own_views, spread


def test_own_views() -> None:
    text = (
        "The mill stands by the river. Yes. The farmer brings wheat. The mill stands by the river."
    )
    document = Document("d", "Mills", text)
    views = make_own_views(document, "en", ViewSettings())
    assert [(view.kind, view.text) for view, _ in views] == [
        ("title", "Mills"),
        ("sentence", "The mill stands by the river."),
        ("sentence", "The farmer brings wheat."),
    ]
    assert {(view.document_id, view.maker) for view, _ in views} == {("d", "document")}
    assert all(get_full_text(document)[start:end] == view.text for view, (start, end) in views)
    fewer = make_own_views(document, "en", ViewSettings(title=False, sentences=1, min_words=1))
    assert [view.kind for view, _ in fewer] == ["sentence"]


@given(st.text(max_size=20), st.text(st.sampled_from("ab .\n\tÄ!?"), max_size=200))
def test_spans_are_where_the_words_stand(title: str, text: str) -> None:
    document = Document("d", title, text)
    whole = get_full_text(document)
    for view, (start, end) in make_own_views(document, "en", ViewSettings(min_words=1)):
        assert 0 <= start < end <= len(whole)
        assert whole[start:end].split() == view.text.split()


def test_a_cap_spreads_over_the_document() -> None:
    assert spread(list("abcdefgh"), 4) == list("aceg")
    assert spread(list("abc"), 4) == list("abc")
