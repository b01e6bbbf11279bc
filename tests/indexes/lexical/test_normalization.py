"""Unicode normalization."""

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.normalization import clean, fold_case, fold_letters

IGNORED = ["\u00ad", "\u200b", "\u2060", "\ufeff", "\u200d", "\u200e", "\u034f", "\ufe0f"]


def folded(text: str, language: str | None = None) -> str:
    return fold_letters(fold_case(clean(text), language))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Straße", "STRASSE"),
        ("el", "ΛΌΓΟΣ", "λόγος"),
        ("tr", "DIŞARI", "dışarı"),
        ("tr", "İSTANBUL", "istanbul"),
        ("az", "QIZIL", "qızıl"),
        ("en", "İstanbul", "istanbul"),
        ("en", "IĞDIR", "Iğdır"),
        ("en", "\uff21\uff22\uff11", "ab1"),
        ("ar", "كِتَابٌ", "كتاب"),
        ("ar", "أحمد", "احمد"),
        ("ar", "الإسلام", "الاسلام"),
        ("ar", "مدرسة", "مدرسه"),
        ("ar", "مستشفى", "مستشفي"),
        ("ar", "كتـــاب", "كتاب"),
        ("ar", "١٢٣", "123"),
        ("fa", "کتابی", "كتابي"),
        ("he", "שָׁלוֹם", "שלום"),
        ("hi", "हिन्दी", "हिंदी"),
        ("hi", "सम्बन्ध", "संबंध"),
        ("hi", "ज़रूर", "जरूर"),
        ("hi", "चाँद", "चांद"),
        ("hi", "२०२४", "2024"),
    ],
)
def test_spellings_of_a_word_are_one(language: str, one: str, other: str) -> None:
    assert folded(one, language) == folded(other, language)


@pytest.mark.parametrize(("one", "other"), [("ısı", "isi"), ("Iğdır", "iğdir")])
def test_dotless_i_is_a_letter_of_turkish(one: str, other: str) -> None:
    assert folded(one, "tr") != folded(other, "tr")


def test_non_joiners_are_kept_between_arabic_letters_alone() -> None:
    assert "\u200c" in clean("می\u200cخواهم")
    assert "\u200c" in clean("مَ\u200cخ")
    assert clean("क्\u200cष") == "क्ष"
    assert clean("in\u200cto") == "into"


def test_every_character_that_may_be_ignored_is_removed() -> None:
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    ignorable = regex.findall(r"[\p{Cf}\p{Default_Ignorable_Code_Point}]", every)
    assert len(ignorable) > 4_000
    assert [one for one in ignorable if clean(f"a{one}b") != "ab"] == []


@given(st.text(), st.data())
def test_forms_of_a_text_are_one(text: str, data: st.DataObject) -> None:
    right = folded(text)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert folded(unicodedata.normalize(form, text)) == right
    assert folded(folded(text)) == right
    at = data.draw(st.integers(0, len(text)))
    mark = data.draw(st.sampled_from(IGNORED))
    assert clean(text[:at] + mark + text[at:]) == clean(text)


@example("ı")
@example("\U0001d6a4")
@given(st.text())
def test_case_is_folded(text: str) -> None:
    assert folded(clean(text).upper()) == folded(clean(text).lower()) == folded(text)
