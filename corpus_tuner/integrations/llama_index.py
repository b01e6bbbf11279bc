"""LlamaIndex: a retriever for query engines (extra ``llama-index``)."""

import asyncio
from pathlib import Path

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import NAMESPACE, Unit, convert_hit, open_searcher

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
    """Retriever of LlamaIndex that searches an index; ``aretrieve`` searches in a thread.

    The parameters are those of `corpus_tuner.integrations`. A passage is a node whose source is the
    document; the description of the hit is excluded from prompts.
    """

    def __init__(
        self,
        index: Searcher | str | Path,
        k: int = 4,
        mode: Mode | None = None,
        filter: Filter | str | None = None,
        unit: Unit = "documents",
    ) -> None:
        super().__init__()
        self._searcher = open_searcher(index)
        self._k = k
        self._mode = mode
        self._filter = filter
        self._unit = unit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = query_bundle.query_str
        hits = self._searcher.search(query, self._k, mode=self._mode, filter=self._filter)
        return [NodeWithScore(node=self._make_node(hit), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _make_node(self, hit: Hit) -> TextNode:
        id_, text, metadata = convert_hit(hit, self._unit)
        node = TextNode(
            id_=id_,
            text=text,
            metadata=metadata,
            excluded_llm_metadata_keys=[NAMESPACE],
            excluded_embed_metadata_keys=[NAMESPACE],
        )
        if self._unit == "passages":
            node.start_char_idx, node.end_char_idx = hit.passage.start, hit.passage.end
            source = RelatedNodeInfo(node_id=hit.document.id)
            node.relationships[NodeRelationship.SOURCE] = source
        return node
