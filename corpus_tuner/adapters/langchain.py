"""LangChain: a retriever for chains and agents (extra ``langchain``)."""

from typing import Any

from corpus_tuner.adapters.giving import Give, given
from corpus_tuner.errors import MissingExtraError
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.search.settings import Mode

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError:
    raise MissingExtraError("the adapter for LangChain", "langchain") from None


class LangChainRetriever(BaseRetriever):
    """A retriever that searches an index; ``ainvoke`` and the like search in a thread.

    ``k``, ``mode`` and ``filter`` can be given to ``invoke`` as well, for one query.

    Attributes
    ----------
    searcher
        An open index.
    k
        How many documents.
    mode, filter
        As `Searcher.search` takes them.
    give
        Whole ``documents``, or of each the one of its ``passages`` that the query is about. What
        their metadata has: `corpus_tuner.adapters.giving.Given`.
    """

    searcher: Searcher
    k: int = 4
    mode: Mode | None = None
    filter: dict[str, Any] | None = None
    give: Give = "documents"

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **changed: Any
    ) -> list[Document]:
        asked = {"k": self.k, "mode": self.mode, "filter": self.filter} | changed
        found = [given(hit, self.give) for hit in self.searcher.search(query, **asked)]
        return [
            Document(id=id_, page_content=text, metadata=metadata) for id_, text, metadata in found
        ]
