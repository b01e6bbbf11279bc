"""Whether a view is about its document: the least similar of each kind are left out.

After doc2query-- (Gospodinov et al., arXiv 2301.03266), with the encoder in place of a
cross-encoder and the quantile taken over each chunk of documents, so that it is known when the
chunk is done and does not move when a corpus grows.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from corpus_tuner.checks import ACCEPTED, Candidate, Resources, Verdict
from corpus_tuner.checks._vectors import vectors_of
from indexes.registry import PartSettings


class Settings(PartSettings):
    """How many are left out.

    Attributes
    ----------
    quantile
        The share of each kind of view in each chunk that is rejected.
    """

    name: Literal["relevance"] = "relevance"
    quantile: Annotated[float, Field(ge=0, lt=1)] = 0.3


class Check:
    """Compares a view with the document's own views, the nearest one counting."""

    def __init__(self, settings: Settings, resources: Resources) -> None:
        self._settings = settings
        self._encoder = resources.encoder

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        there, written = vectors_of(candidates, self._encoder)
        near = [
            round(float(np.max(there[each.document.id] @ vector)), 6)
            for each, vector in zip(candidates, written, strict=True)
        ]
        by_kind: dict[str, list[float]] = defaultdict(list)
        for each, score in zip(candidates, near, strict=True):
            by_kind[each.view.kind].append(score)
        least = {
            kind: float(np.quantile(scores, self._settings.quantile))
            for kind, scores in by_kind.items()
        }
        return [
            ACCEPTED if score >= least[each.view.kind] else Verdict("far from its document")
            for each, score in zip(candidates, near, strict=True)
        ]
