"""PDF: pages, hyphens, form fields, titles and damage."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Corpus, CorpusTunerError
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.corpora.formats import pdf
from corpus_tuner.corpora.formats.pdf import format_pages, is_title
from corpus_tuner.indexes.search.snippets import locate_window
from tests.cli.conftest import Run
from tests.corpora.conftest import get_examples
from tests.corpora.formats.conftest import find_page
from tests.corpora.formats.pdf_files import write_pdf


def test_pages_of_a_pdf(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["", "The mill\nturns.", "", "Wheat is ground.", ""])
    corpus = Corpus(tmp_path)
    (document,) = corpus
    assert document.title == "a"
    assert document.text.split() == ["The", "mill", "turns.", "Wheat", "is", "ground."]
    assert find_page(document, "Wheat is ground.") == 4
    assert find_page(document, document.text[: document.text.index(".") + 1]) == 2
    assert corpus.skipped == {"pages without text": 1}
    assert get_examples(corpus)["pages without text"].endswith("a.pdf (pages 1, 3, 5)")


def test_titles_in_the_outline_are_headings(tmp_path: Path) -> None:
    pages = [
        "Contents\nWheels",
        "1 Mills\nThey grind.\n1.1 Wheels\nThey turn.",
        "Stones\nThey rub.",
    ]
    titles = [(0, "MILLS", 1), (1, "Wheels", 1), (1, "Not there", 1), (0, "Stones", 2), (0, "7", 2)]
    write_pdf(tmp_path / "a.pdf", pages, outline=titles)
    (document,) = Corpus(tmp_path)
    assert document.text.split("\f")[:2] == [
        "Contents\nWheels\n",
        "# 1 Mills\nThey grind.\n## 1.1 Wheels\nThey turn.\n",
    ]
    found = locate_window(document, "They turn.")
    assert found is not None
    assert (found.page, found.headings) == (2, ("1 Mills", "1.1 Wheels"))
    last = locate_window(document, "They rub.")
    assert last is not None
    assert last.headings == ("Stones",)


def test_the_words_that_a_line_end_parts(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["The water-\nwheel of the Nord-\nSüd canal."])
    assert pdf.read(tmp_path / "a.pdf").text == "The waterwheel of the Nord-Süd canal.\n\f"


def test_what_is_filled_into_a_form(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["Name of the mill:", "Second page."], value="Windy Hill")
    text = pdf.read(tmp_path / "a.pdf").text
    assert text == "Name of the mill:\nWindy Hill\n\fSecond page.\n\f"


def test_glyphs_without_a_meaning(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["\1\2\3"], unknown_glyphs=True)
    write_pdf(tmp_path / "b.pdf", ["Plain (cid:12\\) text."])
    for name in ("a.pdf", "b.pdf"):
        parsed = pdf.read(tmp_path / name)
        assert not {*map(ord, parsed.text)} & {*range(9), 0xFFFE, 0xFFFF}
        assert "(cid:" not in parsed.text


def test_a_pdf_with_a_password(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["Secret."], password=True)
    with pytest.raises(CorpusTunerError, match="encrypted, needs a password") as raised:
        list(Corpus(tmp_path / "a.pdf", CorpusSettings(on_bad_record="fail")))
    assert "damaged" not in str(raised.value)


def test_a_damaged_page_does_not_spoil_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    write_pdf(path, ["The mill turns.", "", "Wheat is ground."])
    path.write_bytes(path.read_bytes().replace(b"Kids[10 0 R 12 0 R", b"Kids[10 0 R 77 0 R"))
    parsed = pdf.read(path)
    assert parsed.text.split("\f") == ["The mill turns.\n", "\n", "Wheat is ground.\n", ""]
    assert parsed.notes == (("damaged pages", "page 2"),)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Annual Report 2023", "Annual Report 2023"),
        ("  Der  Bericht ", "Der Bericht"),
        ("Documents of the mill", "Documents of the mill"),
        ("Microsoft Word - report_final.doc", "scan"),
        ("PowerPoint-Präsentation", "scan"),
        ("untitled", "scan"),
        ("Document1", "scan"),
        ("report.docx", "scan"),
        ("C:\\\\Users\\\\ann\\\\report", "scan"),
        ("2023-05", "scan"),
        ("SCAN", "scan"),
        ("", "scan"),
    ],
)
def test_the_title_of_a_pdf(tmp_path: Path, title: str, expected: str) -> None:
    write_pdf(tmp_path / "scan.pdf", ["The mill turns."], title=title)
    (document,) = Corpus(tmp_path)
    assert document.title == expected


def test_titles_that_are_not_names_of_files() -> None:
    assert is_title("Node.js at work", Path("a.pdf"))
    assert not is_title("a.PDF", Path("a.pdf"))


@given(st.sets(st.integers(1, 40), min_size=1).map(sorted))
def test_ranges_name_all_pages(numbers: list[int]) -> None:
    named: list[int] = []
    for part in format_pages(numbers).split(maxsplit=1)[1].split(", "):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == numbers


def test_a_search_shows_the_page(tmp_path: Path, small: list[str], run: Run) -> None:
    (tmp_path / "notes").mkdir()
    write_pdf(tmp_path / "notes" / "a.pdf", ["", "The mill grinds wheat."])
    run("build", tmp_path / "notes", "-o", tmp_path / "index", *small)
    search = ("search", tmp_path / "index", "wheat of the mill")
    (hit,) = json.loads(run(*search, "--json").out)["hits"]
    assert hit["passage"]["page"] == 2
    for options in ((), ("--explain",)):
        assert "a.pdf  page 2  " in run(*search, *options).out
        assert "\f" not in run(*search, *options).out
