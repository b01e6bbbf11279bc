"""Terms of a collection and their dimensions."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("qdrant_client")

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.lexical.bm25 import BM25, CollectionStatistics
from corpus_tuner.indexes.lexical.postings import hash_terms
from corpus_tuner.indexes.lexical.words import DocumentTerms
from corpus_tuner.indexes.qdrant import terms as terms_module
from corpus_tuner.indexes.qdrant.address import parse_address
from corpus_tuner.indexes.qdrant.collection import Collection
from corpus_tuner.indexes.qdrant.terms import (
    Ranker,
    Terms,
    read_frequencies,
    read_keys,
    require_parameters,
    write_frequencies,
    write_keys,
)

if TYPE_CHECKING:
    from corpus_tuner.indexes.lexical.postings import Keys

STATISTICS = CollectionStatistics(documents=10, mean=3.0)


def keys(*terms: str) -> "Keys":
    return hash_terms(terms)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with closing(Collection(parse_address(f"qdrant:{tmp_path}/test"))) as opened:
        opened.create(2, ["words"])
        yield opened


def test_a_term_never_changes_its_dimension() -> None:
    first = Terms(keys("mill", "river"))
    more = first.add_keys(keys("bread", "river", "wheat"))
    assert first.dimensions(keys("river", "no", "mill")).tolist() == [1, -1, 0]
    assert more.dimensions(keys("mill", "river")).tolist() == [0, 1]
    assert sorted(more.dimensions(keys("bread", "wheat")).tolist()) == [2, 3]
    assert Terms(keys()).dimensions(keys("mill")).tolist() == [-1]


def test_the_product_of_query_and_document_is_bm25() -> None:
    how = BM25()
    known = Terms(keys("mill", "river", "wheat"))
    ranker = Ranker(known, np.array([2, 5, 0]), STATISTICS, how)
    document = DocumentTerms(["mill", "mill", "river"], 3)
    query = ["mill", "river", "river", "wheat", "unknown"]
    own = known.make_vector(document, STATISTICS, how)
    wanted = ranker.make_query_vector(query)
    assert {*wanted.indices} == {0, 1}  # what no document has is left out
    weights = dict(zip(wanted.indices, wanted.values, strict=True))
    product = sum(
        weights.get(at, 0) * value for at, value in zip(own.indices, own.values, strict=True)
    )
    assert product == pytest.approx(ranker.score_documents(query, [document])[0])


def test_terms_are_read_as_they_were_written(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_module, "_CHUNK", 4)
    monkeypatch.setattr(terms_module, "_AT_ONCE", 2)
    assert len(read_keys(collection, "words").keys) == 0
    first = Terms(keys(*"abcdef"))
    write_keys(collection, "words", first, 0)
    more = first.add_keys(keys(*"ghijk"))
    write_keys(collection, "words", more, len(first.keys))
    assert read_keys(collection, "words").keys.tolist() == more.keys.tolist()
    counted = keys("k", "a")
    write_frequencies(collection, "words", more, counted, np.array([7, 2]))
    frequencies = read_frequencies(collection, "words")
    assert frequencies[more.dimensions(counted)].tolist() == [7, 2]
    assert frequencies.sum() == 9
    assert len(read_keys(collection, "ngrams").keys) == 0


def test_other_parameters_than_those_of_the_vectors_are_refused() -> None:
    ranker = Ranker(Terms(keys()), np.zeros(0, np.int64), STATISTICS, BM25())
    assert require_parameters({"words": ranker}, "words", BM25()) is ranker
    with pytest.raises(SearchIndexError, match=r"has words with BM25\(k1=0\.9.*export it again"):
        require_parameters({"words": ranker}, "words", BM25(k1=2))
