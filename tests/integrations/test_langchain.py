"""LangChain's own tests of retrievers."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("langchain_tests")

from langchain_tests.integration_tests import RetrieversIntegrationTests

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.integrations.langchain import LangChainRetriever
from tests.conftest import make_documents


class TestLangChainRetriever(RetrieversIntegrationTests):
    searcher: Searcher

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _opened(cls, tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[None]:
        index = tmp_path_factory.mktemp("langchain") / "index"
        chosen = ["generator=null", "calibrate=false", "language=en"]
        build(make_documents(6), index, load_recipe(None, chosen), encoder=encoder)
        with Searcher.open(index, encoder=encoder) as cls.searcher:
            yield

    @property
    def retriever_constructor(self) -> type[LangChainRetriever]:
        return LangChainRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.searcher}

    @property
    def retriever_query_example(self) -> str:
        return "the old mill by the river"
