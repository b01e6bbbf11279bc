"""LlamaIndex: a retriever for query engines (extra ``llama-index``)."""

from corpus_tuner.errors import MissingExtraError
from corpus_tuner.indexes.search.filters import Filter
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.search.settings import Mode

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ImportError:
    raise MissingExtraError("the adapter for LlamaIndex", "llama-index") from None


class LlamaIndexRetriever(BaseRetriever):
    """A retriever that searches an index.

    Parameters
    ----------
    searcher
        An open index.
    k
        How many documents.
    mode, filter
        As `Searcher.search` takes them.
    """

    def __init__(
        self,
        searcher: Searcher,
        k: int = 4,
        mode: Mode | None = None,
        filter: Filter | None = None,
    ) -> None:
        super().__init__()
        self._searcher = searcher
        self._k = k
        self._mode = mode
        self._filter = filter

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = query_bundle.query_str
        hits = self._searcher.search(query, self._k, mode=self._mode, filter=self._filter)
        return [NodeWithScore(node=_as_node(hit), score=hit.score) for hit in hits]


def _as_node(hit: Hit) -> TextNode:
    """Return a hit as LlamaIndex has it; what is not metadata is kept from prompts."""
    facts = {"title": hit.document.title, "rank": hit.rank}
    facts["matched"] = f"{hit.view.kind}: {hit.view.text}"
    return TextNode(
        id_=hit.document.id,
        text=hit.document.text,
        metadata={**hit.document.metadata, **facts},
        excluded_llm_metadata_keys=["rank", "matched"],
        excluded_embed_metadata_keys=["rank", "matched"],
    )
