"""Documents, and digests of sets of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.core.documents import (
    Document,
    add_digests,
    compute_digest,
    remove_digests,
    shorten_text,
)

digests = st.integers(0, 2**256 - 1).map("{:064x}".format)


@given(st.lists(digests), st.lists(digests), st.randoms())
def test_the_digest_of_a_set_depends_on_its_members_alone(
    some: list[str], others: list[str], random: object
) -> None:
    every = [*some, *others]
    whole = add_digests("", every)
    getattr(random, "shuffle")(every)  # noqa: B009
    assert add_digests("", every) == whole
    assert add_digests("", [add_digests("", some), add_digests("", others)]) == whole
    assert remove_digests(whole, others) == add_digests("", some)
    assert len(whole) == 64


@pytest.mark.parametrize(
    "other",
    [
        Document("b", "Mill", "It grinds.", {"year": 1850}),
        Document("a", "Mills", "It grinds.", {"year": 1850}),
        Document("a", "Mill", "It turns.", {"year": 1850}),
        Document("a", "Mill", "It grinds.", {"year": 1851}),
        Document("a", "", "Mill It grinds.", {"year": 1850}),
    ],
)
def test_every_field_changes_the_digest(other: Document) -> None:
    document = Document("a", "Mill", "It grinds.", {"year": 1850, "place": "river"})
    again = Document("a", "Mill", "It grinds.", {"place": "river", "year": 1850})
    assert compute_digest(document) == compute_digest(again) != compute_digest(other)


def test_a_document_is_shown_in_short() -> None:
    shown = repr(Document("mill", "The mill " * 20, "x" * 12_000))
    assert shown.startswith("Document('mill', 'The mill The mill")
    assert shown.endswith("…', 12,000 characters)")
    assert repr(Document("a", "", "x")) == "Document('a', 1 character)"


@given(st.text(), st.integers(1, 50))
def test_a_shortened_text_is_no_longer_than_the_limit(text: str, most: int) -> None:
    shown = eval(shorten_text(text, most))
    assert len(shown) <= most
    assert shown == text or (shown[-1] == "…" and text.startswith(shown[:-1]))
