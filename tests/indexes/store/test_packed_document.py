"""Packed documents are small, and come back as they were."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.core.documents import Document, View
from corpus_tuner.errors import DamagedError
from corpus_tuner.indexes.store.document_tables import StoredDocument
from corpus_tuner.indexes.store.packed_document import (
    PackedDocument,
    make_dictionary,
    pack_contents,
)
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.text.views import ViewSettings, make_own_views
from tests.conftest import make_documents

texts = st.text("a. \n#\u00e9\u6c34", max_size=30)
FILE = Path("documents.sqlite")
DAMAGED: list[Any] = [
    {},
    ["", "", 3],
    ["", 5, [["passage", "document", 0, [[0, 1]], []]]],
    ["", "", [["passage"]]],
    ["", "", [["passage", "document", 0, [[1]], []]]],
]
TEXT = "# Wheel\n\nIt turns  the stone.\nIt stands by the river.\n"


def unpack(contents: bytes, dictionary: bytes = b"") -> PackedDocument:
    return PackedDocument("d", "{}", contents, dictionary, FILE)


def own_views(document: Document) -> list[View]:
    passage = View(document.id, "passage", get_full_text(document))
    return [passage, *(view for view, _ in make_own_views(document, "en", ViewSettings()))]


@given(texts, texts, texts, st.sampled_from(["passage", "title", "sentence", "question"]))
def test_every_text_comes_back(title: str, text: str, other: str, kind: str) -> None:
    document = Document("d", title, text)
    views = [
        *own_views(document),
        View("d", "passage", f"{title} > a {text[3:9]}".strip()),
        *(View("d", kind, each) for each in (other, text[2:20], " ".join(text.split()))),
        View("d", "question", other, "a generator", text[:5], invented=True),
    ]
    found = unpack(pack_contents(document, views))
    assert found.document == document
    assert found.views == views


def test_passages_and_one_more_view_are_selected() -> None:
    document = Document("d", "Mills", TEXT)
    views = own_views(document)
    found = unpack(pack_contents(document, views))
    assert found.select_views(2) == {0: views[0], 2: views[2]}
    assert found.select_views(99) == {0: views[0]}


def test_parts_of_the_document_are_not_stored_again() -> None:
    document = Document("d", "Mills", TEXT)
    window = View("d", "passage", f"Mills > Wheel {TEXT[9:].strip()}")
    contents = pack_contents(document, [*own_views(document), window])
    title, text, groups = json.loads(zlib.decompress(contents))
    assert (title, text) == ("Mills", TEXT)
    assert [(kind, parts) for kind, _, _, parts, _ in groups] == [
        ("passage", [[0, 59]]),
        ("title", [[-59, 5]]),
        ("sentence", [[10, 20], [1, 23]]),
        ("passage", [["Mills > Wheel ", -44, 44]]),
    ]


def test_a_dictionary_makes_short_documents_smaller() -> None:
    documents = [Document(one["_id"], one["title"], one["text"]) for one in make_documents(40)]
    stored = [StoredDocument(document, own_views(document), "", {}) for document in documents]
    dictionary = make_dictionary(stored[:20])

    def pack(with_dictionary: bytes) -> Sequence[bytes]:
        return [pack_contents(*one[:2], with_dictionary) for one in stored[20:]]

    plain, packed = pack(b""), pack(dictionary)
    assert sum(map(len, packed)) < 0.7 * sum(map(len, plain))
    found = [unpack(own, dictionary).document.text for own in packed]
    assert found == [document.text for document in documents[20:]]


@pytest.mark.parametrize(
    "contents",
    [
        b"no zlib",
        pack_contents(Document("d", "", "It grinds."), [View("d", "passage", "x")])[:-1],
        pack_contents(Document("d", "", "It grinds."), []),
        *(zlib.compress(json.dumps(parts).encode()) for parts in DAMAGED),
        zlib.compress(b"[" * 100_000),
    ],
)
def test_damage_is_told_with_its_document(contents: bytes) -> None:
    with pytest.raises(DamagedError, match=r"documents\.sqlite is damaged \(document 'd'"):
        _ = unpack(contents).views
