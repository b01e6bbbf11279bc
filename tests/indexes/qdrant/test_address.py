"""Addresses of collections."""

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.qdrant.address import is_address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qdrant://localhost/a", ("server", "http://localhost:6333", "a")),
        ("qdrant://10.0.0.7:80/a-b.c", ("server", "http://10.0.0.7:80", "a-b.c")),
        ("qdrants://[::1]:1/a", ("server", "https://[::1]:1", "a")),
        ("qdrant:some/folder/a", ("local", "some/folder", "a")),
    ],
)
def test_an_address(text: str, expected: tuple[str, str, str]) -> None:
    assert is_address(text)
    address = parse_address(text)
    assert (address[:3], str(address)) == (expected, text)


@pytest.mark.parametrize(
    "text",
    [
        "qdrant:",
        "qdrant:a",
        "qdrant://host",
        "qdrant://host/",
        "qdrant://host/a/b",
        "qdrant://host:port/a",
        "qdrant://host/a?key=1",
        "qdrants:folder/a",
        "qdrant:folder/..:",
        "qdrant:folder/a b",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(SearchIndexError, match="is no address"):
        parse_address(text)


def test_a_key_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(SearchIndexError, match="set QDRANT_API_KEY") as error:
        parse_address("qdrant://me:hush@host/a")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("value", ["index", "./qdrant", "C:/qdrant", "", 3])
def test_folders_are_no_addresses(value: object) -> None:
    assert not is_address(value)
