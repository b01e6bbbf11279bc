"""PyTerrier: queries as a data frame in, results as a data frame out (extra ``pyterrier``)."""

from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.integrations.common import open_searcher

try:
    import pandas as pd
    import pyterrier as pt
except ImportError:
    raise MissingExtraError("the adapter for PyTerrier", "pyterrier") from None


class PyTerrierRetriever(pt.Transformer):
    """Retriever of PyTerrier that searches an index; ``>>`` makes a pipeline of it.

    The parameters are those of `corpus_tuner.integrations`.
    """

    def __init__(
        self,
        index: Searcher | str | Path,
        k: int = 1_000,
        mode: Mode | None = None,
        filter: Filter | str | None = None,
    ) -> None:
        super().__init__()
        self.searcher = open_searcher(index)
        self.k = k
        self.mode = mode
        self.filter = filter

    def __repr__(self) -> str:
        return f"PyTerrierRetriever({str(self.searcher.source)!r}, k={self.k}, mode={self.mode!r})"

    def transform(self, queries: "pd.DataFrame") -> "pd.DataFrame":
        """Search.

        Parameters
        ----------
        queries
            Data frame with the columns ``qid`` and ``query``; other columns than those of results
            are returned as well.

        Returns
        -------
        pandas.DataFrame
            Documents of every query, best first, with ``docno``, ``score`` and ``rank`` from 0.
        """
        pt.validate.query_frame(queries, extra_columns=["query"])
        columns: dict[str, list[Any]] = {"position": [], "docno": [], "score": [], "rank": []}
        rankings = self.searcher.rank(
            queries["query"].tolist(), self.k, mode=self.mode, filter=self.filter
        )
        for position, ranking in enumerate(rankings):
            for rank, (document, score) in enumerate(ranking):
                for name, value in zip(columns, (position, document, score, rank), strict=True):
                    columns[name].append(value)
        others = queries.drop(columns=["docno", "score", "rank"], errors="ignore")
        repeated = others.iloc[columns.pop("position")].reset_index(drop=True)
        types = {"docno": "object", "score": "float64", "rank": "int64"}
        return repeated.join(pd.DataFrame(columns).astype(types))
