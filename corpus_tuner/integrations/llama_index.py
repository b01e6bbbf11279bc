"""LlamaIndex: a retriever for query engines (extra ``llama-index``)."""

import asyncio
from pathlib import Path

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import NAMESPACE, Give, given, searcher_of

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import (
        NodeRelationship,
        NodeWithScore,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
    )
except ImportError:
    raise MissingExtraError("the adapter for LlamaIndex", "llama-index") from None


class LlamaIndexRetriever(BaseRetriever):
    """A retriever that searches an index; ``aretrieve`` searches in a thread.

    Parameters
    ----------
    index
        The folder of an index, its address, or an open `Searcher`.
    k
        How many documents.
    mode, filter
        As `Searcher.search` takes them.
    give
        Whole ``documents``, or of each the one of its ``passages`` that the query is about: a node
        whose source is the document. What their metadata has:
        `corpus_tuner.integrations.common.Given`; what is ours in it is kept from prompts.
    """

    def __init__(
        self,
        index: Searcher | str | Path,
        k: int = 4,
        mode: Mode | None = None,
        filter: Filter | str | None = None,
        give: Give = "documents",
    ) -> None:
        super().__init__()
        self._searcher = searcher_of(index)
        self._k = k
        self._mode = mode
        self._filter = filter
        self._give = give

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = query_bundle.query_str
        hits = self._searcher.search(query, self._k, mode=self._mode, filter=self._filter)
        return [NodeWithScore(node=_as_node(hit, self._give), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _as_node(hit: Hit, give: Give) -> TextNode:
    id_, text, metadata = given(hit, give)
    node = TextNode(
        id_=id_,
        text=text,
        metadata=metadata,
        excluded_llm_metadata_keys=[NAMESPACE],
        excluded_embed_metadata_keys=[NAMESPACE],
    )
    if give == "passages":
        node.start_char_idx, node.end_char_idx = hit.passage.start, hit.passage.end
        source = RelatedNodeInfo(node_id=hit.document.id)
        node.relationships[NodeRelationship.SOURCE] = source
    return node
