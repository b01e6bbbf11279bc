"""Haystack: a retriever for pipelines (extra ``haystack``)."""

import asyncio
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import Give, given, searcher_of

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ImportError:
    raise MissingExtraError("the adapter for Haystack", "haystack") from None


@component
class HaystackRetriever:
    """A component that searches an index.

    A pipeline that is written to YAML names the folder of the index, which is opened again where
    the pipeline is loaded.

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
        their ``meta`` has: `corpus_tuner.integrations.common.Given`.
    """

    def __init__(
        self,
        index: Searcher | str | Path,
        k: int = 10,
        mode: Mode | None = None,
        filter: Filter | str | None = None,
        give: Give = "documents",
    ) -> None:
        self.searcher = searcher_of(index)
        self.k = k
        self.mode = mode
        self.filter = filter
        self.give = give

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, k: int | None = None, filter: dict[str, Any] | str | None = None
    ) -> dict[str, list[Document]]:
        """Search.

        Parameters
        ----------
        query
            What to look for.
        k, filter
            For this query, in place of those of the component.

        Returns
        -------
        ``documents``, best first.

        Raises
        ------
        SearchIndexError
            As `Searcher.search` does.
        """
        k = self.k if k is None else k
        chosen = self.filter if filter is None else filter
        hits = self.searcher.search(query, k, mode=self.mode, filter=chosen)
        documents = []
        for hit in hits:
            id_, text, metadata = given(hit, self.give)
            documents.append(Document(id=id_, content=text, meta=metadata, score=hit.score))
        return {"documents": documents}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, k: int | None = None, filter: dict[str, Any] | str | None = None
    ) -> dict[str, list[Document]]:
        """Search in a thread, as `run` does."""
        return await asyncio.to_thread(self.run, query, k, filter)

    def to_dict(self) -> dict[str, Any]:
        """Return what the component is made from."""
        path, representation = str(self.searcher.source), self.searcher.representation
        index = {"path": path, "representation": representation}
        options = {"k": self.k, "mode": self.mode, "filter": self.filter, "give": self.give}
        made: dict[str, Any] = default_to_dict(self, index=index, **options)
        return made

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HaystackRetriever":
        """Make a component from what `to_dict` returned; the index is opened.

        Raises
        ------
        SearchIndexError
            As `Searcher.open` does.
        """
        parameters = dict(values["init_parameters"])
        parameters["index"] = Searcher.open(**parameters["index"])
        made: HaystackRetriever = default_from_dict(cls, values | {"init_parameters": parameters})
        return made
