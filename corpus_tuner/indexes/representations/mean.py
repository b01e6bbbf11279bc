"""The paper's representation: one vector of a document's own words and what was written for it.

The passage vector and the mean of the view vectors are averaged with weights. The mean of views
that read like queries estimates the expectation of a query's vector given the document, which by
Rao-Blackwell is no worse a target than any one of them.
Source: Zeng et al., arXiv 2409.16497, section 3.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import Rows, Storage, score_by_best_row


class Settings(PluginSettings):
    """Settings of this representation.

    Attributes
    ----------
    weight
        Weight of the views, from 0 (only the passage) to 1 (only the views).
    """

    name: Literal["mean"] = "mean"
    weight: Annotated[float, Field(ge=0, le=1)] = 0.4


class Representation:
    """One row per passage, drawn towards the mean of the document's views."""

    name = "mean"
    storage: Storage = "int8"
    score = staticmethod(score_by_best_row)

    def __init__(self, settings: Settings) -> None:
        self._weight = settings.weight

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return every passage vector averaged with the mean of the view vectors."""
        shares = np.array([0.0 if view.kind == "passage" else 1.0 for view in views])
        passages = np.flatnonzero(shares == 0).astype(np.int32)
        if not shares.any():  # nothing was written for this document
            return Rows(vectors[passages], passages)
        mean = shares @ vectors / shares.sum()
        mixed = (1 - self._weight) * vectors[passages] + self._weight * mean
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return Rows(mixed.astype(np.float32), passages)
