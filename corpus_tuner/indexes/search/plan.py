"""Plan of a search: rankers, weights and filter, decided once for all queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from corpus_tuner.core.arguments import describe_value
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.filters import Condition, Filter, compile_filter
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker
from corpus_tuner.indexes.store.search_settings import (
    DENSE_RANKERS,
    FEEDBACK,
    RERANKER,
    Mode,
    SearchSettings,
    normalize_weights,
)

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of a search.

    Attributes
    ----------
    k
        Number of hits per query.
    weights
        Weights of the rankers in the order of `RANKERS`; all above 0, and 1 in sum.
    settings
        Fusion and parameters of the rankers.
    condition
        Filter; ``None`` for all documents.
    temperature
        Temperature of the probabilities; ``None`` where the weights are not calibrated, or no
        probabilities are needed.
    min_probability
        Least probability of a hit.
    """

    k: int
    weights: Mapping[str, float]
    settings: SearchSettings
    condition: Condition | None = None
    temperature: float | None = None
    min_probability: float = 0.0

    @property
    def dense(self) -> bool:
        """Whether a dense ranker has a weight."""
        return any(name in self.weights for name in DENSE_RANKERS)

    @property
    def lexical(self) -> tuple[LexicalRanker, ...]:
        """Lexical rankers with a weight."""
        return tuple(name for name in LEXICAL_RANKERS if name in self.weights)

    @property
    def views(self) -> float:
        """Weight of a document's best view in its dense score, from 0 to 1."""
        passage, views = (self.weights.get(name, 0.0) for name in DENSE_RANKERS)
        return views / (passage + views) if self.dense else 0.0

    @property
    def fused(self) -> bool:
        """Whether scores are normalized and fused; those of one kind are used as they are."""
        return len(self.weights) > 1 and not {*self.weights} <= {*DENSE_RANKERS}

    @property
    def depth(self) -> int:
        """Number of documents that every ranker adds to the candidates."""
        scaled = self.fused or self.temperature is not None
        return max(self.k, self.settings.candidates) if scaled else self.k


def make_plan(
    manifest: "Manifest",
    representation: str,
    k: int,
    mode: Mode | None = None,
    settings: SearchSettings | None = None,
    filter: Filter | Condition | None = None,
    min_probability: float = 0.0,
) -> Plan:
    """Make the plan of a search.

    Parameters
    ----------
    manifest
        Manifest of the index.
    representation
        Name of the open representation.
    k, mode, settings, filter, min_probability
        As `Searcher.search` takes them.

    Raises
    ------
    SearchIndexError
        If `k` is less than 1, the index cannot be searched in this mode, the filter is not one, or
        `min_probability` is not a number from 0 to 1.
    """
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise SearchIndexError(f"k must be at least 1, a whole number, not {k!r}")
    settings = manifest.search if settings is None else settings
    if not isinstance(settings, SearchSettings):
        raise SearchIndexError(
            f"settings: give SearchSettings(...), not {describe_value(settings)}"
        )
    if mode is not None and mode not in get_args(Mode):
        raise SearchIndexError(f"there is no mode {mode!r}: {', '.join(get_args(Mode))}")
    if mode in ("hybrid", "lexical") and manifest.lexical is None:
        raise SearchIndexError(f"the index has no words to search in {mode} mode")
    if manifest.lexical is None or (mode is None and representation != manifest.representation):
        mode = "dense"  # the hybrid weights are not meant for this one
    mode = mode or "hybrid"
    condition = filter if isinstance(filter, Condition | None) else compile_filter(filter)
    is_number = isinstance(min_probability, int | float) and not isinstance(min_probability, bool)
    if not is_number or not 0 <= min_probability <= 1:
        given = describe_value(min_probability)
        raise SearchIndexError(f"min_probability must be a number from 0 to 1, not {given}")
    temperature = None
    if mode == "hybrid" and settings == manifest.search and manifest.calibration:
        temperature = manifest.calibration.temperature
    weights = _choose_weights(manifest, mode, settings)
    return Plan(k, weights, settings, condition, temperature, min_probability)


def _choose_weights(manifest: "Manifest", mode: Mode, settings: SearchSettings) -> dict[str, float]:
    """Return the weights of a mode for the rankers that the index has."""
    views = settings.dense.views
    if mode == "dense":
        return normalize_weights({"passage": 1 - views, "views": views})
    hybrid = settings.hybrid_weights
    lexical = manifest.lexical.rankers if manifest.lexical else ()
    if mode == "lexical":
        return normalize_weights({name: hybrid[name] for name in lexical}) or {"words": 1.0}
    searching = (*DENSE_RANKERS, *lexical)
    if not any(hybrid[name] for name in searching):
        return {"words": 1.0}
    used = (*searching, FEEDBACK, RERANKER)
    return normalize_weights({name: own for name, own in hybrid.items() if name in used})
