"""Teacher of an encoder: an index of the corpus, whose ranking of documents is distilled."""

from collections.abc import Iterator, Mapping, Sequence

from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher

_TEMPERATURE = 0.77
"""Temperature of an index that was not calibrated: about that of calibrated ones."""
_DEPTH = 50  # documents that are ranked


class Teacher:
    """Teacher of an encoder."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._plan = make_plan(searcher.manifest, searcher.representation, _DEPTH)

    @property
    def temperature(self) -> float:
        """Divisor of the scores in a softmax."""
        calibration = self._searcher.manifest.calibration
        return (calibration and calibration.temperature) or _TEMPERATURE

    def rank(self, queries: Sequence[str]) -> Iterator[Mapping[int, float]]:
        """Yield for every query the scores of the documents that were retrieved, by ordinal."""
        for candidates in self._searcher.find_candidates(queries, _DEPTH):
            scores = candidates.compute_scores(self._plan)
            yield dict(zip(candidates.documents.tolist(), scores.tolist(), strict=True))
