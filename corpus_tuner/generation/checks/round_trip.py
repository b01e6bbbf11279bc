"""Whether a view, as a query to the passages of all documents, brings its own back.

The one check whose verdicts depend on the rest of the corpus.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import PositiveInt

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Resources, Verdict


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    top
        Number of first hits for the view among which its document must be.
    """

    name: Literal["round_trip"] = "round_trip"
    top: PositiveInt = 20


class Check:
    """Asks an index of the corpus's passages, as in Alberti et al., arXiv 1906.05416."""

    fits = False

    def __init__(self, settings: Settings, resources: Resources, fitted: None) -> None:
        self._settings = settings
        self._nearest = resources.find_passages()

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        found = self._nearest(candidates, self._settings.top)
        return [
            ACCEPTED if candidate.document.id in ids else Verdict("finds other documents first")
            for candidate, ids in zip(candidates, found, strict=True)
        ]
