"""Haystack: a retriever for pipelines (extra ``haystack``)."""

import asyncio
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import Unit, convert_hit, open_searcher

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ImportError:
    raise MissingExtraError("the adapter for Haystack", "haystack") from None


@component
class HaystackRetriever:
    """Retriever component of Haystack that searches an index.

    A pipeline in YAML has the folder of the index, which is opened when the pipeline is loaded. The
    parameters are those of `corpus_tuner.integrations`.
    """

    def __init__(
        self,
        index: Searcher | str | Path,
        k: int = 10,
        mode: Mode | None = None,
        filter: Filter | str | None = None,
        unit: Unit = "documents",
    ) -> None:
        self.searcher = open_searcher(index)
        self.k = k
        self.mode = mode
        self.filter = filter
        self.unit = unit

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, k: int | None = None, filter: dict[str, Any] | str | None = None
    ) -> dict[str, list[Document]]:
        """Search.

        Parameters
        ----------
        query
            Query.
        k, filter
            Replacements of those of the component, for this query.

        Returns
        -------
        ``documents``, best first.

        Raises
        ------
        SearchIndexError
            See `Searcher.search`.
        """
        k = self.k if k is None else k
        filter_ = self.filter if filter is None else filter
        documents = []
        for hit in self.searcher.search(query, k, mode=self.mode, filter=filter_):
            id_, text, metadata = convert_hit(hit, self.unit)
            documents.append(Document(id=id_, content=text, meta=metadata, score=hit.score))
        return {"documents": documents}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, k: int | None = None, filter: dict[str, Any] | str | None = None
    ) -> dict[str, list[Document]]:
        """Search in a thread; see `run`."""
        return await asyncio.to_thread(self.run, query, k, filter)

    def to_dict(self) -> dict[str, Any]:
        """Return the component as Haystack serializes it."""
        index = {
            "path": str(self.searcher.source),
            "representation": self.searcher.representation,
        }
        options = {"k": self.k, "mode": self.mode, "filter": self.filter, "unit": self.unit}
        serialized: dict[str, Any] = default_to_dict(self, index=index, **options)
        return serialized

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HaystackRetriever":
        """Create a component from the result of `to_dict`; the index is opened.

        Raises
        ------
        SearchIndexError
            See `Searcher.open`.
        """
        parameters = dict(values["init_parameters"])
        parameters["index"] = Searcher.open(**parameters["index"])
        values = values | {"init_parameters": parameters}
        retriever: HaystackRetriever = default_from_dict(cls, values)
        return retriever
