"""Which window of a document is chosen, and where it is found."""

import pytest

from corpus_tuner.core.documents import Document, View
from corpus_tuner.indexes.search.snippets import Snippet, choose, locate

DOCUMENT = Document("d", "Mills", "They grind  wheat. They stand by rivers. They rot.")
WINDOWS = [
    "Mills They grind  wheat.",
    "Mills They grind  wheat. They stand by rivers.",
    "Mills They rot.",
]


@pytest.mark.parametrize(
    ("matched", "scores", "chosen"),
    [
        (View("d", "sentence", "They stand by rivers."), [0.9, 0.1, 0.8], 1),
        (View("d", "sentence", "They grind wheat."), [0.2, 0.3, 0.9], 1),
        (View("d", "sentence", "They grind wheat."), [0.3, 0.3, 0.9], 0),
        (View("d", "question", "what rots?", "seq2seq", "They rot."), [0.9, 0.8, 0.1], 2),
        (View("d", "question", "what rots?", "seq2seq"), [0.1, 0.2, 0.9], 2),
        (View("d", "passage", WINDOWS[2]), [0.9, 0.8, 0.1], 2),
        (None, [0.0, 0.0, 0.0], 0),
    ],
)
def test_the_best_window_of_those_that_hold_what_matched(
    matched: View | None, scores: list[float], chosen: int
) -> None:
    passage = choose(DOCUMENT, WINDOWS, scores, matched)
    assert f"Mills {passage.text}" == WINDOWS[chosen]
    assert DOCUMENT.text[passage.start : passage.end] == passage.text


def test_a_window_of_the_title_alone_gives_way() -> None:
    document = Document("d", "A very long title", "They grind.")
    view = View("d", "passage", "A very long")
    found = choose(document, ["A very long", "long title They"], [0.9, 0.1], view)
    assert found == Snippet("They", 0, 4, None)


def test_what_is_not_in_the_document_gives_its_text() -> None:
    assert locate(DOCUMENT, "something else") is None
    assert choose(DOCUMENT, ["something else"], [0.0], None).text == DOCUMENT.text
