"""Which fields of documents answers have."""

import pytest

from corpus_tuner import Document, SearchIndexError
from corpus_tuner.indexes.filters.fields import FieldCounts
from corpus_tuner.server.returned_fields import TEXT_BYTES, ReturnedFields

AUTHOR = {"name": "Ada", "born": 1815}
METADATA = {"year": 1850, "author": AUTHOR, "empty": None}
DOCUMENT = Document("mill", "Mill", "It grinds.", METADATA)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (None, {"title": "Mill", "text": "It grinds.", "metadata": METADATA}),
        ([], {}),
        (["title"], {"title": "Mill"}),
        (["text"], {"text": "It grinds."}),
        (["metadata.year", "metadata.empty"], {"metadata": {"year": 1850, "empty": None}}),
        (["metadata.author.name"], {"metadata": {"author": {"name": "Ada"}}}),
        (
            ["metadata.author.name", "metadata.author"],
            {"metadata": {"author": AUTHOR}},
        ),
        (["metadata.author.name", "metadata"], {"metadata": METADATA}),
        (["metadata.year.inner", "metadata.none"], {"metadata": {}}),
    ],
)
def test_fields(fields: list[str] | None, expected: object) -> None:
    assert ReturnedFields(fields).select(DOCUMENT) == expected


@pytest.mark.parametrize("letter", ["x", "ü", "字"])
def test_long_texts_are_left_out_by_default(letter: str) -> None:
    most = TEXT_BYTES // len(letter.encode())
    short, long = (Document("d", "", letter * count) for count in (most, most + 1))
    assert ReturnedFields().select(short)["text"] == short.text
    assert "text" not in ReturnedFields().select(long)
    assert ReturnedFields(["text"]).select(long)["text"] == long.text


@pytest.mark.parametrize("name", ["titel", "metadata.", "metadata..x", "", "id", 'metadata."x"'])
def test_what_is_no_field_is_named(name: str) -> None:
    with pytest.raises(SearchIndexError, match="is none of title, text, metadata"):
        ReturnedFields([name]).check(None)


def test_fields_that_no_document_has_are_named() -> None:
    counts = FieldCounts()
    counts.add(METADATA)
    ReturnedFields(["title", "text", "metadata", "metadata.author.name"]).check(
        counts.compute_fields()
    )
    with pytest.raises(SearchIndexError, match=r"no document has the field 'yeer'.*year"):
        ReturnedFields(["metadata.yeer"]).check(counts.compute_fields())
