"""Which fields of documents answers have."""

import pytest

from corpus_tuner import Document, SearchIndexError
from corpus_tuner.indexes.filters.fields import FieldCounts
from corpus_tuner.server.returned_fields import TEXT_BYTES, ReturnedFields

AUTHOR = {"name": "Ada", "born": 1815}
METADATA = {"year": 1850, "author": AUTHOR, "empty": None}
DOCUMENT = Document("mill", "Mill", "It grinds.", METADATA)


@pytest.mark.parametrize(
    ("fields", "text", "expected"),
    [
        (None, None, {"title": "Mill", "text": "It grinds.", "metadata": METADATA}),
        (None, False, {"title": "Mill", "metadata": METADATA}),
        ([], None, {}),
        (["title"], None, {"title": "Mill"}),
        (["title"], True, {"title": "Mill", "text": "It grinds."}),
        (["text"], None, {"text": "It grinds."}),
        (["text"], False, {}),
        (["metadata.year", "metadata.empty"], None, {"metadata": {"year": 1850, "empty": None}}),
        (["metadata.author.name"], None, {"metadata": {"author": {"name": "Ada"}}}),
        (
            ["metadata.author.name", "metadata.author"],
            None,
            {"metadata": {"author": AUTHOR}},
        ),
        (["metadata.author.name", "metadata"], None, {"metadata": METADATA}),
        (["metadata.year.inner", "metadata.none"], None, {"metadata": {}}),
    ],
)
def test_fields(fields: list[str] | None, text: bool | None, expected: object) -> None:
    assert ReturnedFields(fields, text).select(DOCUMENT) == expected


@pytest.mark.parametrize("letter", ["x", "ü", "字"])
def test_long_texts_are_left_out_by_default(letter: str) -> None:
    most = TEXT_BYTES // len(letter.encode())
    short, long = (Document("d", "", letter * count) for count in (most, most + 1))
    assert ReturnedFields().select(short)["text"] == short.text
    assert "text" not in ReturnedFields().select(long)
    for brings in (ReturnedFields(text=True), ReturnedFields(["text"])):
        assert brings.select(long)["text"] == long.text
    assert "text" not in ReturnedFields(text=False).select(short)


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
