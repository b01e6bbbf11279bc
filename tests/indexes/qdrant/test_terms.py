"""Terms of a collection and their dimensions."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("qdrant_client")

from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics
from corpus_tuner.indexes.lexical.postings import hash_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.qdrant import terms as terms_module
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.collection import Collection
from corpus_tuner.indexes.qdrant.terms import Terms, read_terms, write_frequencies, write_keys

if TYPE_CHECKING:
    from corpus_tuner.indexes.lexical.postings import Keys

STATISTICS = CollectionStatistics(windows=10, mean=3.0)


def keys(*terms: str) -> "Keys":
    return hash_terms(terms)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with closing(Collection(parse_address(f"qdrant:{tmp_path}/test"))) as opened:
        opened.create(2, ["words"])
        yield opened


def test_the_product_of_query_and_document_is_bm25() -> None:
    known = Terms(keys("mill", "river", "wheat"), np.array([2, 5, 0]), STATISTICS, BM25())
    document = DocumentTerms(["mill", "mill", "river"], 3)
    query = ["mill", "river", "river", "wheat", "unknown"]
    own = known.make_vector([document])
    wanted = known.make_query_vector(query)
    assert {*wanted.indices} == {0, 1}  # what no document has is left out
    weights = dict(zip(wanted.indices, wanted.values, strict=True))
    product = sum(
        weights.get(at, 0) * value for at, value in zip(own.indices, own.values, strict=True)
    )
    assert product == pytest.approx(known.score_windows(query, [document])[0])


def test_no_terms_are_known() -> None:
    none = Terms(keys(), np.zeros(0, np.int64), STATISTICS, BM25())
    assert none.make_query_vector(["mill"]).indices == []


def test_a_term_never_changes_its_dimension(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_module, "_CHUNK", 4)
    monkeypatch.setattr(terms_module, "_AT_ONCE", 2)
    first = write_keys(collection, "words", keys(*"fedcba"))
    assert {*first} == {*keys(*"abcdef")}
    more = write_keys(collection, "words", keys(*"ghaijk"))
    assert more[:6].tolist() == first.tolist()
    assert {*more} == {*keys(*"abcdefghijk")}
    frequencies = np.arange(len(more))
    write_frequencies(collection, "words", frequencies)
    read = read_terms(collection, "words", STATISTICS, BM25())
    assert read.keys.tolist() == more.tolist()
    assert read.frequencies.tolist() == frequencies.tolist()
    assert len(read_terms(collection, "ngrams", STATISTICS, BM25()).keys) == 0
