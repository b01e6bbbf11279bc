"""The passage of a hit: a window of the document's own text, and the right one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_tuner import Document, Hit, Searcher, build, load_recipe
from corpus_tuner.core.documents import View
from corpus_tuner.core.languages import Languages
from corpus_tuner.indexes.search.snippets import Snippet, choose_snippet, locate_window
from corpus_tuner.text.passages import PassageSettings, split_passages
from tests.conftest import WORDS

FILLER = "The farmer and the river turn the wheel of the mill in the summer of that valley. "
ODD = ["Über", "naïve", "🦋", "e\u0301", "中文字", "\u00a0", "\n", "\t ", "Dr.", "!", "x" * 60]
texts = st.lists(st.sampled_from([*WORDS, *ODD, "river. Winter"]), max_size=150).map(" ".join)


@given(title=texts | st.just("") | st.sampled_from(["Mills", "The"]), text=texts)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_windows_are_located_in_the_text_and_cover_it(encoder: Any, title: str, text: str) -> None:
    document = Document("d", title, text)
    (windows,) = split_passages([document], Languages(("en",)), encoder, PassageSettings())
    found = [locate_window(document, window.text) for window in windows]
    covered: set[int] = set()
    for window, passage in zip(windows, found, strict=True):
        if passage is None:
            continue
        assert text[passage.start : passage.end] == passage.text
        assert passage.text
        assert passage.text in window.text
        # Text that occurs twice may be found where it stands first: it is the same text.
        covered |= {
            at
            for start in range(len(text))
            if text.startswith(passage.text, start)
            for at in range(start, start + len(passage.text))
        }
    assert [text[at] for at in range(len(text)) if at not in covered and text[at].strip()] == []


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Any:
    documents = [
        {
            "id": "moths",
            "title": "Keeping house",
            "text": FILLER * 9 + "Lavender\nkeeps  moths away 🦋. " + FILLER * 9,
        },
        {"id": "short", "title": "", "text": "Bread needs flour."},
        {"id": "title", "title": "Nothing but a name", "text": ""},
        {"id": "named", "title": "A name that goes on " * 20, "text": "Wheat."},
    ]
    index = tmp_path_factory.mktemp("passages") / "index"
    chosen = ["generator=null", "calibrate=false", "language=en"]
    build(documents, index, load_recipe(None, chosen), encoder=encoder)
    with Searcher.open(index, encoder=encoder) as opened:
        yield opened


def only(searcher: Searcher, id_: str, query: str, **options: Any) -> Hit:
    hits: list[Hit] = searcher.search(query, 4, **options)
    (hit,) = (hit for hit in hits if hit.document.id == id_)
    assert hit.document.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert hit.passage.page is None
    return hit


@pytest.mark.parametrize("mode", ["dense", "lexical", None])
def test_the_passage_is_a_window_that_matched(searcher: Searcher, mode: Any) -> None:
    hit = only(searcher, "moths", "Lavender keeps moths away 🦋.", mode=mode)
    assert "Lavender\nkeeps  moths away 🦋." in hit.passage.text
    assert hit.passage.start > len(FILLER)
    assert hit.passage.end < len(hit.document.text) - len(FILLER)


def test_a_short_document_is_its_own_passage(searcher: Searcher) -> None:
    assert only(searcher, "short", "flour").passage == Snippet("Bread needs flour.", 0, 18)


def test_what_a_title_alone_matches_has_a_passage_of_text(searcher: Searcher) -> None:
    assert only(searcher, "title", "nothing but a name").passage == Snippet("", 0, 0)
    assert only(searcher, "named", "a name that goes on").passage == Snippet("Wheat.", 0, 6)


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
    passage = choose_snippet(DOCUMENT, WINDOWS, scores, matched)
    assert f"Mills {passage.text}" == WINDOWS[chosen]
    assert DOCUMENT.text[passage.start : passage.end] == passage.text


def test_a_window_of_the_title_alone_gives_way() -> None:
    document = Document("d", "A very long title", "They grind.")
    view = View("d", "passage", "A very long")
    found = choose_snippet(document, ["A very long", "long title They"], [0.9, 0.1], view)
    assert found == Snippet("They", 0, 4, None)


def test_what_is_not_in_the_document_gives_its_text() -> None:
    assert locate_window(DOCUMENT, "something else") is None
    assert choose_snippet(DOCUMENT, ["something else"], [0.0], None).text == DOCUMENT.text


SECTIONS = "Begin.\n\n# Mill\n\n## Wheel\n\nIt turns.\n\n## Stone\n\nIt grinds. It turns.\n"


@pytest.mark.parametrize(
    ("window", "text", "headings"),
    [
        ("Old Begin.\n\n# Mill", "Begin.\n\n# Mill", ()),
        ("Old > Mill ## Wheel\n\nIt turns.", "## Wheel\n\nIt turns.", ("Mill", "Wheel")),
        ("Old > Mill > Wheel It turns.", "It turns.", ("Mill", "Wheel")),
        ("Old > Mill > Stone It turns.", "It turns.", ("Mill", "Stone")),
        ("Old > Mill > Wheel It turns.\n\n## Stone", "It turns.\n\n## Stone", ("Mill",)),
        ("Old It turns.\n", "It turns.", ("Mill", "Wheel")),
    ],
)
def test_the_headings_of_a_passage(window: str, text: str, headings: tuple[str, ...]) -> None:
    document = Document("d", "Old", SECTIONS)
    found = locate_window(document, window)
    assert found is not None
    assert (found.text, found.headings) == (text, headings)
    assert SECTIONS[found.start : found.end] == text


def test_the_title_is_no_heading_of_a_passage() -> None:
    document = Document("d", "Mill", SECTIONS.removeprefix("Begin.\n\n"))
    found = locate_window(document, "Mill > Stone It grinds.")
    assert found is not None
    assert found.headings == ("Stone",)


def test_page_and_headings_are_those_of_the_view_that_matched() -> None:
    """A passage may begin on another page, and have several short sections."""
    text = f"{SECTIONS}\fIt rots. It\nturns  again.\fThe end."
    document = Document("d", "", text)
    view = View("d", "sentence", "It turns again.")
    for dense in (True, False):
        found = choose_snippet(document, [text], [0.0], view, dense=dense)
        assert (found.text, found.page, found.headings) == (text, 2, ("Mill", "Stone"))
    elsewhere = choose_snippet(document, [text], [0.0], View("d", "question", "what rots?"))
    assert (elsewhere.page, elsewhere.headings) == (1, ())


def test_the_nearest_view_decides_only_among_windows_of_a_dense_match() -> None:
    view = View("d", "sentence", "They stand by rivers.")
    found = choose_snippet(DOCUMENT, WINDOWS, [0.9, 0.1, 0.8], view, dense=False)
    assert f"Mills {found.text}" == WINDOWS[0]
