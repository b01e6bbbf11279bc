"""Whether a view is about its document: the least similar of each kind are left out.

After doc2query-- (Gospodinov et al., arXiv 2301.03266), with the encoder instead of a
cross-encoder. The quantile is taken once, over a sample of the corpus, and stored, so
that a verdict does not depend on other documents.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Resources, Verdict


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    quantile
        Share of each kind of view in the sample that is rejected.
    """

    name: Literal["relevance"] = "relevance"
    quantile: Annotated[float, Field(ge=0, lt=1)] = 0.3


def fit(settings: Settings, candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return for each kind of view the least similarity at which one is accepted."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for candidate in candidates:
        by_kind[candidate.view.kind].append(max(candidate.similarities))
    return {
        kind: round(float(np.quantile(found, settings.quantile)), 6)
        for kind, found in sorted(by_kind.items())
    }


class Check:
    """Compares a view with the document's own views, of which the nearest one decides."""

    fits = True

    def __init__(
        self, settings: Settings, resources: Resources, fitted: Mapping[str, float] | None
    ) -> None:
        self._least = fitted or {}

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate; a kind that the sample did not have passes."""
        return [
            Verdict("far from its document")
            if max(candidate.similarities) < self._least.get(candidate.view.kind, -1)
            else ACCEPTED
            for candidate in candidates
        ]
