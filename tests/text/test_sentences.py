"""Sentences, of which no character is lost."""

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.text import sentences
from corpus_tuner.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["She left. ", "He said no. ", "They came."]),
        ("de", ["Er kam. ", "Sie sah dies. ", "Dann ging er."]),
        ("es", ["Compró pan. ", "Luego salió."]),
        ("fr", ["Il a vu la mer. ", "Marie aussi."]),
        ("it", ["Va al mare. ", "Poi torna."]),
        ("pl", ["Jan spał. ", "Ola czytała."]),
        ("pt", ["Viu o mar. ", "Depois saiu."]),
        ("xx", ["It rained. ", "It snowed."]),
    ],
)
def test_words_end_a_sentence(language: str, expected: list[str]) -> None:
    assert split_sentences("".join(expected), language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["We saw it (Hill et al. 2004), e.g. in Fig. 2 of Dr. Moor. ", "What now?"]),
        ("en", ["It took approx. 5 min, cf. Eqs. 3 and 4. ", "Staph. aureus grew. "]),
        ("en", ["No. 5 vs. no. 6, i.e. the ref. value. ", "See Sec. 3.2 resp. Tab. 1."]),
        ("de", ["Die o. g. Frist beträgt i. d. R. 14 Tage. ", "Gem. § 5 Abs. 2 S. 1 gilt sie."]),
        ("de", ["Am 3. Oktober z. B. ruht der Betrieb. ", "Der 2. Zug fährt um ca. 8 Uhr."]),
        ("de", ["Vgl. Urt. v. 12.03.2008, Az. XII ZR 5/07. ", "Das steht dort."]),
        ("pt", ["O Sr. Moura leu a pág. 5. ", "Depois saiu."]),
        ("en", ["A heading\n\n", "Then a sentence."]),
        ("en", ["the mill turned at speed 2 . 5 rounds , it is said . ", "it was loud ."]),
    ],
)
def test_sentences(language: str, expected: list[str]) -> None:
    assert split_sentences("".join(expected), language) == expected


@given(st.text(), st.sampled_from(["en", "de", "pt", "xx"]))
def test_no_character_is_lost_between_sentences(text: str, language: str) -> None:
    assert "".join(split_sentences(text, language)) == text


@pytest.mark.parametrize("piece", ["«", "“word ", "' ", "„A word. ", '“A. B,” she said. "No." '])
def test_any_number_of_quotation_marks_is_read_a_few_at_a_time(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def segment(language: str, text: str) -> list[str]:
        read.append(text)
        return sentencex.segment(language, text)  # type: ignore[no-any-return]

    text = piece * 1_500
    with monkeypatch.context() as patched:
        patched.setattr(sentences, "_MARKS_AT_ONCE", len(text))
        at_once = split_sentences(text, "en")
    monkeypatch.setattr(sentences, "segment", segment)
    assert split_sentences(text, "en") == at_once
    assert max(sum(map(some.count, "«“„'\"”")) for some in read) <= 300
    assert sum(map(len, read)) <= 5 * len(text)


def test_line_breaks_behind_a_quotation_are_kept() -> None:
    text = "Type (`a(b)`).\n\n`b` is next. Then c."
    assert "".join(split_sentences(text, "en")) == text
