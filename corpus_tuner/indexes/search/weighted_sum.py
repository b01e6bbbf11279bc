"""The scores of several rankers added up, by whatever weights."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.indexes.representations import SCORE_DECIMALS, Scores
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.indexes.search.pseudo_relevance_feedback import Nearness, feedback
from corpus_tuner.indexes.store.search_settings import FEEDBACK, RANKERS, Fusion

ByRanker = Mapping[str, Scores]
"""Scores of the same documents by the names of rankers, every one of shape (documents,)."""


class Brought(NamedTuple):
    """What one ranker brings to some documents, both of shape (documents,).

    Attributes
    ----------
    scores
        Its own.
    parts
        What they add to what the documents are ranked by.
    """

    scores: Scores
    parts: Scores


class Blend:
    """The scores of a pool's documents on one scale.

    Parameters
    ----------
    scores
        By every ranker but feedback, which comes of the others.
    core
        Which documents set the scale, shape (documents,).
    fusion
        Which scale.
    nearness
        Compares their passages.
    """

    def __init__(
        self,
        scores: ByRanker,
        core: npt.NDArray[np.bool_],
        fusion: Fusion,
        nearness: Nearness,
    ) -> None:
        self._scores = scores
        self._core = core
        self._fusion = fusion
        self._nearness = nearness
        self._scaled = {name: normalize_scores(own, fusion, core) for name, own in scores.items()}

    def brought(self, weights: Mapping[str, float]) -> dict[str, Brought]:
        """Return what every ranker brings, by its name.

        Parameters
        ----------
        weights
            Of rankers by which the documents have scores, and of feedback.
        """
        brought = {
            name: Brought(self._scores[name], weights[name] * own)
            for name, own in self._scaled.items()
            if name in weights
        }
        if FEEDBACK in weights:
            similar = feedback(self._nearness, total(brought), self._core)
            own = normalize_scores(similar, self._fusion, self._core)
            brought[FEEDBACK] = Brought(similar, weights[FEEDBACK] * own)
        return brought


def total(brought: Mapping[str, Brought]) -> Scores:
    """Return the sum of what rankers bring, in their order, rounded to `SCORE_DECIMALS`."""
    parts = [brought[name].parts for name in RANKERS if name in brought]
    return np.asarray(sum(parts[1:], parts[0])).round(SCORE_DECIMALS)
