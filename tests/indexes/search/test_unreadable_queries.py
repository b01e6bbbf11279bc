"""Queries that an encoder cannot read are ranked by their terms."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import corpus_tuner as ct
from corpus_tuner.indexes.search.unreadable_queries import is_readable

CODES = ["3.11.2", "192.168.0.17", "2024-03-01", "10:30", "P-200", "E3999", "00:1A:2B", "C#", "B12"]
WORDS = ["mill", "covid-19", "version 3.11.2", "iPhone 15", "AT&T", "The The", "...", "रेल हिन्दी"]


@pytest.mark.parametrize("query", CODES)
def test_numbers_and_codes_are_not_legible(query: str) -> None:
    assert not is_readable(query, "multilingual")


@pytest.mark.parametrize("query", WORDS)
def test_words_are_legible(query: str) -> None:
    assert is_readable(query, "multilingual")


@pytest.mark.parametrize("query", ["茶", "రైతులు", "المدرسة", "서울 여름", "поезд", "רכבת"])
def test_the_embedded_encoder_reads_latin_script(query: str) -> None:
    assert not is_readable(query, "builtin")
    assert is_readable(query, "multilingual")
    assert is_readable(f"the word {query} in an English question", "builtin")


@pytest.mark.parametrize(
    ("documents", "queries"),
    [
        (
            {
                "a": "Version 7.12.3 mends the export.",
                "b": "Version 7.3.12 mends the import.",
                "c": "Version 12.7.3 brought a new page.",
                "d": "Version 7.12 was the first one.",
            },
            {"7.12.3": "a", "7.3.12": "b", "12.7.3": "c", "7.12": "d"},
        ),
        (
            {"a": "湖边的鹅很大。", "b": "山上的雪很白。", "c": "他每天骑马上学。"},
            {"鹅": "a", "雪": "b", "马": "c"},
        ),
    ],
)
def test_they_find_the_document_that_has_them(
    documents: Mapping[str, str], queries: Mapping[str, str], tmp_path: Path
) -> None:
    ct.build([ct.Document(id_, "", text) for id_, text in documents.items()], tmp_path / "index")
    with ct.Searcher.open(tmp_path / "index") as searcher:
        for query, right in queries.items():
            assert searcher.search(query)[0].document.id == right
