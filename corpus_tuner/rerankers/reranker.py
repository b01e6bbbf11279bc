"""Scores of texts for a query by a cross-encoder, with a cache and a time limit.

A cross-encoder reads a query and a text together. It ranks better than an encoder, which reads
each by itself, but needs a pass for every pair, so that only few candidates can be scored (Nogueira
and Cho, "Passage Re-ranking with BERT", arXiv 1901.04085).
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Annotated, Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.core.paths import NamesFile
from corpus_tuner.errors import SearchIndexError

Scores = npt.NDArray[np.float64]
"""Scores of texts, shape (texts,)."""

CACHE_SIZE = 2**13
"""Number of pairs of a query and a text whose scores are cached."""
BATCH_SIZE = 8
"""Number of texts that are scored between two looks at the clock."""
DECIMALS = 5
"""Further ones depend on the texts in the same batch."""


class RerankerSettings(BaseModel):
    """Settings of a reranker; a text is its name.

    Attributes
    ----------
    name
        Cross-encoder of sentence-transformers with one score, by hub name or folder.
    revision
        Commit, tag or branch on the hub.
    candidates
        Number of first documents by all other rankers that are scored; 20 to 50 are usual. All
        others follow in the order of the other rankers.
    seconds
        Time limit of reranking for a query in `Searcher.search`. Documents that are not scored by
        then follow in the order of the other rankers.

    Examples
    --------
    >>> RerankerSettings.model_validate("cross-encoder/ettin-reranker-17m-v1").candidates
    30
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[NamesFile[str], Field(max_length=1_000)]
    revision: str | None = None
    candidates: Annotated[int, Field(ge=2, le=100)] = 30
    seconds: PositiveFloat = 1.0

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, values: Any) -> Any:
        return {"name": values} if isinstance(values, str) else values


class PairScorer(Protocol):
    """Model that reads a query and a text together."""

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """Return the scores of texts for a query; they may be any numbers."""


class Reranker:
    """Open reranker with a cache of scores; safe to use from several threads."""

    def __init__(self, model: PairScorer) -> None:
        self._model = model
        self._cache: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def open(cls, settings: RerankerSettings) -> "Reranker":
        """Open a reranker.

        Raises
        ------
        SearchIndexError
            If it cannot be found, fetched or used, or sentence-transformers is not installed.
        """
        try:
            from corpus_tuner.rerankers.cross_encoder import CrossEncoderModel
        except ImportError as error:
            what = f"the reranker {settings.name!r}"
            raise SearchIndexError(describe_missing_extra(what, "build")) from error
        return cls(CrossEncoderModel(settings))

    def score(self, query: str, texts: Sequence[str], deadline: float | None = None) -> Scores:
        """Return the scores of texts for a query.

        Parameters
        ----------
        query
            The query.
        texts
            The texts, the most important ones first.
        deadline
            Time of `time.monotonic`, in seconds, after which no further batch is scored.

        Returns
        -------
        float64, shape (texts,), in the model's own unit; NaN for texts that were not scored.
        """
        scores = np.full(len(texts), np.nan)
        missing: dict[str, list[int]] = {}  # equal texts are scored once
        with self._lock:
            for position, text in enumerate(texts):
                if (query, text) in self._cache:
                    self._cache.move_to_end((query, text))
                    scores[position] = self._cache[query, text]
                else:
                    missing.setdefault(text, []).append(position)
        for batch in split_into_chunks(missing, len(texts) if deadline is None else BATCH_SIZE):
            with self._lock:  # tokenizers cannot be used by two threads at once
                if deadline is not None and time.monotonic() >= deadline:
                    break
                found = self._model.score(query, batch).round(DECIMALS)
                for text, score in zip(batch, found.tolist(), strict=True):
                    scores[missing[text]] = score
                    self._cache[query, text] = score
                while len(self._cache) > CACHE_SIZE:
                    self._cache.popitem(last=False)
        return scores
