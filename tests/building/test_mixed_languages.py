"""A corpus in two languages: every document is read in its own, a query in all of them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct
from corpus_tuner.core.languages import Languages
from corpus_tuner.corpora import Corpus
from corpus_tuner.generation.generators.extractive import Generator
from corpus_tuner.generation.open_recipe import open_recipe
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.lexical.terms import extract_query_terms, extract_terms
from tests.cli.conftest import Run
from tests.conftest import write_jsonl

BOTH = Languages(("de", "en"))
TEXTS = {
    "haus": "Die Häuser der Müller standen früher alle am Fluss, dicht unter den großen Mühlen.",
    "korn": "Das Korn wird von den Bauern im Herbst mit Wagen aus den Dörfern gebracht.",
    "brot": "Aus dem Mehl backen die Bäcker der Stadt am nächsten Morgen frische Brote.",
    "flood": "The floods of the spring carried the old bridges away, and nobody has rebuilt them.",
    "wheel": "The wheels were made by carpenters of the valley, who chose the hardest woods.",
    "trade": "Traders from Oberammergau bought the flour in sacks and sold it across the hills.",
}
GERMAN = {"haus", "korn", "brot"}


@pytest.fixture(scope="module")
def searcher(
    tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path
) -> Iterator[ct.Searcher]:
    folder = tmp_path_factory.mktemp("mixed") / "index"
    settings = {"encoder": {"name": str(encoder_folder)}, "generator": "extractive"}
    ct.build([{"_id": id_, "text": text} for id_, text in TEXTS.items()], folder, settings)
    with ct.Searcher.open(folder) as opened:
        yield opened


def test_languages_of_documents() -> None:
    found = {id_: BOTH.detect(ct.Document(id_, "", text)) for id_, text in TEXTS.items()}
    assert found == {id_: "de" if id_ in GERMAN else "en" for id_ in TEXTS}
    assert (BOTH.detect_query("Was kostet der Eintritt?"), BOTH.detect_query("Q3 2024")) == (
        "de",
        "",
    )
    assert Languages(("fr",)).detect_text(TEXTS["haus"]) == "fr"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("welches Haus", "haus"),  # its plural alone stands in the text
        ("bridge flood", "flood"),
        ("wheel carpenter", "wheel"),
        ("Händler aus Oberammergau", "trade"),  # a name is the same in both
    ],
)
def test_words_are_found_in_the_forms_of_either_language(
    searcher: ct.Searcher, query: str, first: str
) -> None:
    assert searcher.search(query, mode="lexical", k=1)[0].document.id == first


def test_stop_words_of_the_query_s_language_say_nothing_in_the_other() -> None:
    settings = LexicalSettings(languages=("de", "en"))
    english = extract_terms(
        "words", "They die in the war, and so will others who are at war.", settings
    )
    assert {"die", "war"} <= {*english.terms}
    assert not {"die", "war"} & {*extract_query_terms("words", "Wann war die Eröffnung?", settings)}
    assert {"war", "civil"} <= {*extract_query_terms("words", "civil war", settings)}


def test_terms_of_one_language_are_as_they_were() -> None:
    texts = [*TEXTS.values()]
    for languages in ((), ("de",), ("en",)):
        settings = LexicalSettings(languages=languages)
        document = extract_terms("words", texts[0], settings)
        asked = extract_query_terms("words", texts[0], settings)
        assert Counter(asked) == Counter(document.terms[: len(asked)])


def test_views_are_written_in_the_document_s_own_language(searcher: ct.Searcher) -> None:
    languages = {asked[2] for asked in searcher.manifest.build.instructions}
    assert languages == {"de", "en"}
    for id_ in TEXTS:
        found = searcher.read_document(id_)
        assert found
        phrases = [
            phrase
            for view in found[1]
            if view.kind == "keywords"
            for phrase in view.text.lower().split("; ")
        ]
        stop = {"die", "der", "dem", "den", "am"} if id_ in GERMAN else {"the", "of", "and", "by"}
        assert phrases
        assert not [one for one in phrases if {one.split()[0], one.split()[-1]} & stop]


def test_what_it_says_and_keeps(tmp_path: Path, run: Run, encoder_folder: Path) -> None:
    records = [{"_id": id_, "text": text} for id_, text in TEXTS.items()]
    corpus = write_jsonl(tmp_path / "c.jsonl", records)
    options = ("--encoder", encoder_folder, "--set", "generator=extractive")
    outcome = run("build", corpus, "-o", tmp_path / "index", *options)
    assert "languages: de 50%, en 50%" in outcome.out
    # An addition in one of them alone is read as the index is.
    more: list[dict[str, Any]] = [{"_id": "x", "text": "Der Müller hat neue Mühlsteine gekauft."}]
    added = run("index", "add", tmp_path / "index", write_jsonl(tmp_path / "more.jsonl", more))
    assert "languages: de 57.1%, en 42.9%" in added.out
    assert '"x"' in run("search", tmp_path / "index", "Mühlstein", "--json", "-k", 1).out
    assert run("index", "check", tmp_path / "index").code == 0
    one = run("build", corpus, "-o", tmp_path / "one", *options, "--set", "language=de")
    assert "languages:" not in one.out


def test_generators_of_one_language(
    encoder: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """They write for the documents in it, and not for a corpus that is mostly in another."""

    class English(Generator):
        languages = ("en",)

    monkeypatch.setattr("corpus_tuner.generation.open_recipe.open_generator", English)
    corpus = Corpus([{"_id": id_, "text": text} for id_, text in TEXTS.items()])
    for main, other in (("en", "de"), ("de", "en")):
        languages = Languages((main, other))
        if main == "de":
            with pytest.raises(ct.CorpusTunerError, match=r"does not write .*'de': set generator"):
                open_recipe(corpus, ct.Recipe(), encoder=encoder, languages=languages)
        else:
            opened = open_recipe(corpus, ct.Recipe(), encoder=encoder, languages=languages)
            assert [len(opened.generators[code]) for code in (main, other)] == [1, 0]
            assert "does not write de" in " ".join(capfd.readouterr().err.split())
