"""LangChain: a retriever for chains and agents (extra ``langchain``)."""

from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import Give, given, searcher_of

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError:
    raise MissingExtraError("the adapter for LangChain", "langchain") from None


class LangChainRetriever(BaseRetriever):
    """A retriever that searches an index; ``ainvoke`` and the like search in a thread.

    ``k``, ``mode`` and ``filter`` are also parameters of ``invoke``, for one query.

    Parameters
    ----------
    index
        The folder of an index, its address, or an open `Searcher`.
    k
        How many documents.
    mode, filter
        As `Searcher.search` takes them.
    give
        Whole ``documents``, or of each the one of its ``passages`` that the query is about. What
        their metadata has: `corpus_tuner.integrations.common.Given`.
    **options
        Of LangChain's retrievers, such as ``tags``.
    """

    searcher: Searcher
    k: int
    mode: Mode | None
    filter: dict[str, Any] | str | None
    give: Give

    def __init__(
        self,
        index: Searcher | str | Path,
        *,
        k: int = 4,
        mode: Mode | None = None,
        filter: dict[str, Any] | str | None = None,
        give: Give = "documents",
        **options: Any,
    ) -> None:
        super().__init__(
            searcher=searcher_of(index), k=k, mode=mode, filter=filter, give=give, **options
        )

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **changed: Any
    ) -> list[Document]:
        asked = {"k": self.k, "mode": self.mode, "filter": self.filter} | changed
        found = [given(hit, self.give) for hit in self.searcher.search(query, **asked)]
        return [
            Document(id=id_, page_content=text, metadata=metadata) for id_, text, metadata in found
        ]
