"""The passage as the only vector of a document, by what the encoder reads of it.

This is what a model's published figures stand for, and the baseline of every comparison.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from corpus_tuner.core.documents import View
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Vectors
from corpus_tuner.indexes.representations import Rows, Storage, score_by_best_row


class Settings(PluginSettings):
    """Settings of this representation.

    Attributes
    ----------
    windows
        ``first``: only as much as the encoder reads at once, as published figures do. ``all``:
        every passage, scored by the best one (MaxP; Dai and Callan, "Deeper Text Understanding for
        IR with Contextual Neural Language Modeling", SIGIR 2019).
    storage
        ``float16`` takes half the space of ``float32``, which keeps published figures to the last
        digit, and differs from it in the fourth decimal; ``int8`` takes a quarter.
    """

    name: Literal["passage"] = "passage"
    windows: Literal["first", "all"] = "first"
    storage: Storage = "float16"


class Representation:
    """One row per passage that counts."""

    name = "passage"
    score = staticmethod(score_by_best_row)

    def __init__(self, settings: Settings) -> None:
        self.storage = settings.storage
        self._most = 1 if settings.windows == "first" else None

    def make_rows(self, views: Sequence[View], vectors: Vectors) -> Rows:
        """Return the passage vectors as they are."""
        of_passages = np.flatnonzero([view.kind == "passage" for view in views])
        passages = of_passages.astype(np.int32)[: self._most]
        return Rows(vectors[passages], passages)
