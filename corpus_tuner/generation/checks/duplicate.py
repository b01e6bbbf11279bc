"""Whether there is such a view already: by its text or, nearly, by its vector."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Verdict


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    similarity
        Minimum cosine similarity of two views that are duplicates.
    """

    name: Literal["duplicate"] = "duplicate"
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.95


class Check:
    """Compares each view with the document's own, and with those accepted before it."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        others = [candidate.own_vectors for candidate in candidates[:1]]
        verdicts = []
        for candidate in candidates:
            nearest = max(float(np.max(own @ candidate.vector)) for own in others)
            if nearest >= self._settings.similarity:
                verdicts.append(Verdict("there is such a view already"))
                continue
            others.append(candidate.vector[None])
            verdicts.append(ACCEPTED)
        return verdicts
