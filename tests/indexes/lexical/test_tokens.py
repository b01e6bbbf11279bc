"""Tokens, and the terms that they stand for."""

import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.indexes.lexical.normalization import fold_letters
from corpus_tuner.indexes.lexical.tokens import SPELLED_TOKEN, find_tokens, split_token


def extract_terms(token: str) -> set[str]:
    words, pieces, joined_tokens, acronyms = split_token(token)
    return {*words, *pieces, *joined_tokens, *acronyms}


@pytest.mark.parametrize(
    "word",
    [
        *("हिन्दी", "বাংলা", "தமிழ்", "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "සිංහල", "ਪੰਜਾਬੀ", "ગુજરાતી"),
        *("བོད", "كِتَابٌ", "שָׁלוֹם", "አማርኛ", "ქართული", "x\u0302y"),
    ],
)
def test_letters_with_marks_are_one_word(word: str) -> None:
    assert find_tokens(f"{word}, {word}.") == [word, word]
    assert split_token(word).words == [word]


def test_every_character_of_a_word_is_one() -> None:
    """Whichever pattern a text is read by."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    # `regex` may know a later version of Unicode.
    found = regex.findall(r"\w", unicodedata.normalize("NFKC", every))
    characters = {one for one in found if unicodedata.category(one) not in ("Cn", "Cf")}
    assert len(characters) > 100_000
    assert [one for one in characters if find_tokens(f"a{one}b") != [f"a{one}b"]] == []


@pytest.mark.parametrize(
    ("token", "words", "terms"),
    [
        ("3.11.2", "3 11 2", "3.11.2 3.11 11.2"),
        ("v3.11.2", "v3 11 2", "3.11.2 3.11 11.2 3"),
        ("192.168.0.17", "192 168 0 17", "192.168.0.17 192.168 168.0 0.17"),
        ("192.168.0.0/24", "192 168 0 0 24", "192.168.0.0/24 192.168.0.0"),
        ("01.02.2024", "01 02 2024", "01.02.2024 01.02 02.2024"),
        ("2024-03-01", "2024 03 01", "2024-03-01 2024-03 03-01"),
        ("10:30", "10 30", "10:30"),
        ("00:1a:2b:ff", "00 1a 2b ff", "00:1a:2b:ff 00:1a 2b:ff"),
        ("2001:db8::42", "2001 db8 42", "2001:db8::42 2001:db8 db8::42"),
        ("4.2", "4 2", "4.2"),
        ("3,5", "3 5", "3,5"),
        ("1.000", "1 000", "1.000 1000"),
        ("1,000,000", "1 000 000", "1,000,000 1000000"),
        ("p-200", "p 200", "p200"),
        ("p\u2011200", "p 200", "p200"),
        ("iso/iec-27001", "iso iec 27001", "isoiec27001"),
        ("1.2.3-beta", "1 2 3 beta", "1.2.3 1.2.3beta"),
        ("cve-2021-44228", "cve 2021 44228", "cve2021-44228 2021-44228"),
        ("ab_12", "ab_12", "ab 12 ab12"),
        ("c++", "c", "c++"),
        ("c#", "c", "c#"),
        ("f#", "f", "f#"),
        (".net", "net", ".net"),
        ("at&t", "at t", "at&t"),
        ("u.s.a", "u s a", "usa"),
        ("mill-stone", "mill stone", ""),
        ("don't", "don t", ""),
        ("第3.2章", "第 3 2 章", "3.2"),
    ],
)
def test_joined_tokens(token: str, words: str, terms: str) -> None:
    assert find_tokens(f"({token}),") == [token]
    assert [*split_token(token).words] == words.split()
    assert {*terms.split()} <= extract_terms(token)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It ends.Then", ["It", "ends.Then"]),
        ("See Fig. 3.", ["See", "Fig", "3"]),
        ("on .NET and ...and", ["on", ".NET", "and", "and"]),
        ("C++, C# (F#)", ["C++", "C#", "F#"]),
        ("a++b C##", ["a", "b", "C"]),
        ("http://a.b/c", ["http", "a.b/c"]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert find_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "pairs", "characters"),
    [
        ("我家的猫", "我家 家的 的猫", "我 家 的 猫"),
        ("猫", "猫", ""),
        ("パンを焼く", "パン ンを を焼 焼く", "焼"),
        ("人々", "人々", "人 々"),
        ("กังหันดี", "กัง งหั หัน นดี", "กั ง หั น ดี"),
        ("เกม", "เกม", "เก ม"),
        ("မြန်မာ", "မြန်မာ", "မြန် မာ"),
        ("ខ្មែរ", "ខ្មែរ", "ខ្មែ រ"),
    ],
)
def test_text_without_spaces_is_characters_and_pairs(
    text: str, pairs: str, characters: str
) -> None:
    terms = split_token(unicodedata.normalize("NFKC", text))
    assert [*terms.words] == pairs.split()
    assert [*terms.pieces] == characters.split()


def test_a_korean_word_has_its_pairs_and_first_syllable() -> None:
    assert split_token("서울에서")[:2] == (["서울에서"], ["서울", "울에", "에서", "서"])
    assert split_token("물은")[:2] == (["물은"], ["물"])
    assert [*split_token("물").words] == ["물"]


def test_a_mark_between_hebrew_letters_is_one_of_abbreviation() -> None:
    assert find_tokens('צה"ל') == ['צה"ל']
    assert split_token('צה"ל').words == ["צהל"]
    assert find_tokens('"של" a"b') == ["של", "a", "b"]


def test_a_compound_without_end_is_no_term() -> None:
    token = ",".join("1" * 500)
    assert extract_terms(token) == {"1"}


@given(
    st.text(st.sampled_from("aÄ1२_.,:/&'-+# 猫ンกั서\u200c\u0301\u0640\u064bہ\u05d0\""), max_size=30)
)
@settings(max_examples=300)
def test_any_text_has_tokens_or_none(text: str) -> None:
    for token in find_tokens(text):
        assert token in text
        assert "" not in extract_terms(token)
        assert "" not in extract_terms(fold_letters(token))
    assert all(token in text for token in SPELLED_TOKEN.findall(text))
