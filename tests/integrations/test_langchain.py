"""The retriever for LangChain: by LangChain's own tests of retrievers, and by others."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_tests")

from langchain_tests.integration_tests import RetrieversIntegrationTests

from corpus_tuner import Searcher, SearchIndexError, build, load_recipe
from corpus_tuner.integrations.langchain import LangChainRetriever
from tests.integrations.conftest import CHOSEN, QUERY, UNITS, check


class TestLangChainRetriever(RetrieversIntegrationTests):
    searcher: Searcher

    @pytest.fixture(autouse=True)
    def _opened(self, searcher: Searcher) -> None:
        self.searcher = searcher

    @property
    def retriever_constructor(self) -> type[LangChainRetriever]:
        return LangChainRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.searcher}

    @property
    def retriever_query_example(self) -> str:
        return QUERY


@pytest.mark.parametrize("unit", UNITS)
def test_langchain(searcher: Searcher, unit: Any) -> None:
    asked: Any = {"k": 3, "filter": {"year": {"gte": 2006}}}
    retriever = LangChainRetriever(searcher, unit=unit, **asked)
    found = retriever.invoke(QUERY)
    hits = searcher.search(QUERY, **asked)
    assert found == asyncio.run(retriever.ainvoke(QUERY))
    check([(one.id, one.page_content, one.metadata) for one in found], hits, unit)
    assert [len(documents) for documents in retriever.batch([QUERY, "wheat"])] == [3, 3]
    assert (retriever | len).invoke(QUERY) == 3
    (first,) = LangChainRetriever(searcher).invoke(
        QUERY, k=1, filter={"year": 2007}, mode="lexical"
    )
    assert first.metadata["year"] == 2007
    with pytest.raises(SearchIndexError, match="k must be"):
        retriever.invoke(QUERY, k=0)


def test_a_document_keeps_a_field_of_our_name(tmp_path: Path, encoder: Any) -> None:
    documents = [{"id": "d", "text": "A mill by the river.", "corpus_tuner": "mine"}]
    build(documents, tmp_path / "index", load_recipe(None, CHOSEN), encoder=encoder)
    with Searcher.open(tmp_path / "index", encoder=encoder) as opened:
        (found,) = LangChainRetriever(opened).invoke(QUERY)
    assert found.metadata == {"corpus_tuner": "mine"}
