"""LangChain: a retriever for chains and agents (extra ``langchain``)."""

from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import Unit, convert_hit, open_searcher

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError:
    raise MissingExtraError("the adapter for LangChain", "langchain") from None


class LangChainRetriever(BaseRetriever):
    """Retriever of LangChain that searches an index; ``ainvoke`` searches in a thread.

    The parameters are those of `corpus_tuner.integrations`, and those of LangChain's retrievers,
    such as ``tags``. ``k``, ``mode`` and ``filter`` can also be given to ``invoke``.
    """

    searcher: Searcher
    k: int
    mode: Mode | None
    filter: dict[str, Any] | str | None
    unit: Unit

    def __init__(
        self,
        index: Searcher | str | Path,
        *,
        k: int = 4,
        mode: Mode | None = None,
        filter: dict[str, Any] | str | None = None,
        unit: Unit = "documents",
        **options: Any,
    ) -> None:
        searcher = open_searcher(index)
        super().__init__(searcher=searcher, k=k, mode=mode, filter=filter, unit=unit, **options)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **options: Any
    ) -> list[Document]:
        options = {"k": self.k, "mode": self.mode, "filter": self.filter} | options
        texts = [convert_hit(hit, self.unit) for hit in self.searcher.search(query, **options)]
        return [
            Document(id=id_, page_content=text, metadata=metadata) for id_, text, metadata in texts
        ]
