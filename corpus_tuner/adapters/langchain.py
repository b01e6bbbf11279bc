"""LangChain: a retriever for chains and agents (extra ``langchain``)."""

from typing import Any

from corpus_tuner.errors import MissingExtraError
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.search.settings import Mode

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError:
    raise MissingExtraError("the adapter for LangChain", "langchain") from None


class LangChainRetriever(BaseRetriever):
    """A retriever that searches an index.

    Attributes
    ----------
    searcher
        An open index.
    k
        How many documents.
    mode, filter
        As `Searcher.search` takes them.
    """

    searcher: Searcher
    k: int = 4
    mode: Mode | None = None
    filter: dict[str, Any] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        hits = self.searcher.search(query, self.k, mode=self.mode, filter=self.filter)
        return [_as_document(hit) for hit in hits]


def _as_document(hit: Hit) -> Document:
    """Return a hit as LangChain has it: the document's metadata, and what else the hit tells."""
    facts = {"title": hit.document.title, "score": hit.score, "rank": hit.rank}
    facts["matched"] = f"{hit.view.kind}: {hit.view.text}"
    return Document(
        id=hit.document.id,
        page_content=hit.document.text,
        metadata={**hit.document.metadata, **facts},
    )
