"""Web pages as people build them: no text of a page's own is lost."""

from pathlib import Path

import pytest

from corpus_tuner import Corpus
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.corpora.formats import html
from tests.corpora.formats.conftest import list_headings

PAGES = {
    "a warning in the main text": (
        "<main><h1>Saw</h1><p>Cut wood.</p><aside>Wear gloves.</aside></main>",
        ["Cut wood", "Wear gloves"],
        [],
    ),
    "one article is a teaser": (
        "<p>Soak the beans.</p><article>Read about peas.</article><p>Boil for an hour.</p>",
        ["Soak", "Boil"],
        [],
    ),
    "one article is a comment": (
        "<div>The wheel turns.</div><section><article>I like it.</article></section>",
        ["wheel turns"],
        [],
    ),
    "articles in articles": (
        "<article>Start.<article>Comment.</article>End.</article><article>More.</article>",
        ["Start", "End", "More"],
        [],
    ),
    "main is empty": ("<main></main><div><p>By a script.</p></div>", ["By a script"], []),
    "main is a placeholder": (
        "<main><p>Loading</p></main><div><p>What was loaded is here.</p></div>",
        ["What was loaded"],
        [],
    ),
    "main has a heading only": (
        "<main><h1>Mills</h1></main><div><p>They grind wheat.</p></div>",
        ["grind wheat"],
        [],
    ),
    "main by its role": (
        "<div>x</div><div role=main><p>Call it twice.</p></div>",
        ["Call it twice"],
        ["x"],
    ),
    "the main of several that is shown": (
        "<main hidden>Old.</main><main>New.</main>",
        ["New"],
        ["Old"],
    ),
    "navigation": (
        "<header><nav>Home</nav></header><div role=navigation>Up</div><p>Text.</p>"
        "<footer>Imprint</footer>",
        ["Text"],
        ["Home", "Up", "Imprint"],
    ),
    "links at the side": (
        "<p>Text.</p><aside><a href=a>Other</a> <a href=b>pages</a></aside>",
        ["Text"],
        ["Other"],
    ),
    "text at the side": ("<p>Text.</p><aside>Not for children.</aside>", ["for children"], []),
    "all text is in surroundings": (
        "<header><p>Closed on Monday.</p></header><nav><a href=a>Prices of bread</a></nav>",
        ["Closed on Monday", "Prices of bread"],
        [],
    ),
    "an abstract in the header": (
        "<header><h2>Mills</h2><p>We study mills.</p></header><p>Then wheels.</p>",
        ["We study mills", "Then wheels"],
        [],
    ),
    "header and footer of an article": (
        "<article><header>Lead.</header><p>Text.</p><footer>By Ann.</footer></article>",
        ["Lead", "Text", "By Ann"],
        [],
    ),
    "a button as a heading": (
        "<h3><button>How to pay?</button></h3><p>By card.</p><button>Send</button>",
        ["How to pay?", "By card"],
        ["Send"],
    ),
    "folded text": (
        "<details><summary>More</summary><p>Two keys.</p></details>"
        "<div role=tabpanel hidden>Second tab.</div><p hidden>Error 42</p>",
        ["More", "Two keys", "Second tab"],
        ["Error 42"],
    ),
    "a page in a form": (
        "<form><p>All in a form.</p><select><option>Fiji</select></form>",
        ["All in a form"],
        ["Fiji"],
    ),
    "ruby": (
        "<p><ruby>水<rp>(</rp><rt>すい</rt><rp>)</rp>車<rt>しゃ</rt></ruby>が回る</p>",
        ["水車が回る"],
        ["すい", "("],
    ),
    "a shadow root": (
        "<my-page><template shadowrootmode=open><p>Inside.</p></template></my-page>"
        "<template>Row</template>",
        ["Inside"],
        ["Row"],
    ),
    "no body": ("Loose text.<br>And more.", ["Loose text", "And more"], []),
    "null characters": ("<p>Before\0.</p><p>After.</p>", ["Before", "After"], []),
    "elements that are never closed": (f"{'<div><b>' * 3000}Deep.", ["Deep"], []),
    "images in the page": (
        "<p>See <img src='data:image/png;base64,iVBORw0KGgo=' alt=x> it.</p>"
        "<style>p { background: url(data:image/png;base64,iVBORw0KGgo=) }</style>",
        ["See", "it."],
        ["iVBOR"],
    ),
}


@pytest.mark.parametrize("kind", PAGES)
def test_the_text_of_a_page(kind: str) -> None:
    body, own, others = PAGES[kind]
    parsed = html.parse(f"<html><head><title>Page</title></head><body>{body}</body></html>")
    assert parsed.title == "Page"
    assert [part for part in own if part not in parsed.text] == []
    assert [part for part in others if part in parsed.text] == []


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("page", "text"),
    [("https://a.example", "https://a.example"), ("<?xml version='1.0'?><p>A</p>", "A"), ("", "")],
)
def test_pages_that_are_hardly_pages(page: str, text: str) -> None:
    assert html.parse(page).text == text


@pytest.mark.parametrize(
    ("page", "encoding", "note"),
    [
        ("<title>Tür</title><p>Der Türgriff – kaputt", "cp1252", 1),
        ("<meta charset=utf-8><title>Tür</title><p>Der Türgriff – kaputt", "cp1252", 1),
        ("<meta charset='iso-8859-1'><title>Tür</title><p>Der Türgriff – kaputt", "cp1252", 0),
        ("<meta charset=utf-16><title>Tür</title><p>Der Türgriff – kaputt", "utf-8", 0),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1252'>"
            "<title>Tür</title><p>Der Türgriff – kaputt",
            "cp1252",
            0,
        ),
        (
            "<?xml version='1.0' encoding='iso-8859-15'?><html xmlns='http://www.w3.org/1999/xhtml'>"
            "<head><title>Tür</title></head><body><p>Der Türgriff - kaputt</p></body></html>",
            "iso8859-15",
            0,
        ),
        ("<title>Tür</title><p>Der Türgriff – kaputt", "utf-16", 1),
    ],
)
def test_the_encoding_of_a_page(tmp_path: Path, page: str, encoding: str, note: int) -> None:
    (tmp_path / "a.html").write_bytes(page.encode(encoding))
    corpus = Corpus(tmp_path)
    (document,) = corpus
    assert (document.title, document.text.replace("–", "-")) == ("Tür", "Der Türgriff - kaputt")
    assert sum(corpus.skipped.values()) == note


def test_the_encoding_of_the_user_is_for_pages_that_declare_none(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes("<p>Мельница".encode("cp1251"))
    (tmp_path / "b.html").write_bytes("<meta charset=koi8-r><p>Мельница".encode("koi8-r"))
    corpus = Corpus(tmp_path, CorpusSettings(encoding="windows-1251"))
    assert [document.text for document in corpus] == ["Мельница", "Мельница"]
    assert not corpus.skipped


def test_headings_of_a_page(tmp_path: Path) -> None:
    page = "<h1>Mill</h1><p>a<h2>Wheels</h2><p>b<h4>Of <b>wood</b></h4><p>c<h2>Stones</h2><p>d"
    (tmp_path / "mill.html").write_text(page, encoding="utf-8")
    (document,) = Corpus(tmp_path)
    assert document.title == "Mill"
    assert list_headings(document) == [(), ("Wheels",), ("Wheels", "Of wood"), ("Stones",)]
