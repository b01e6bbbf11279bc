"""Whether there is such a view already: by its text or, nearly, by its vector."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from corpus_tuner.checks import ACCEPTED, Candidate, Resources, Verdict
from corpus_tuner.checks._vectors import vectors_of
from indexes.registry import PartSettings


class Settings(PartSettings):
    """When two views are the same.

    Attributes
    ----------
    similarity
        The cosine from which on they are.
    """

    name: Literal["duplicate"] = "duplicate"
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.95


class Check:
    """Compares each view with the document's own, and with those accepted before it."""

    def __init__(self, settings: Settings, resources: Resources) -> None:
        self._settings = settings
        self._encoder = resources.encoder

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        there, written = vectors_of(candidates, self._encoder)
        verdicts = []
        for candidate, vector in zip(candidates, written, strict=True):
            others = there[candidate.document.id]
            if len(others) and float(np.max(others @ vector)) >= self._settings.similarity:
                verdicts.append(Verdict("there is such a view already"))
                continue
            there[candidate.document.id] = np.vstack([others, vector])
            verdicts.append(ACCEPTED)
        return verdicts
