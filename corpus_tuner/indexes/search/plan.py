"""Plan: how queries are searched, decided once from the index and what was asked for."""

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
    Mode,
    SearchSettings,
    normalize_weights,
)

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Plan:
    """How queries are searched.

    Attributes
    ----------
    k
        Documents wanted per query.
    weights
        Of the rankers that have a say, in the order of `RANKERS`; all above 0, and 1 in sum.
    settings
        How they come to one scale, and their parameters.
    condition
        Which documents may be found; ``None`` for all.
    temperature
        Of their probabilities (`corpus_tuner.indexes.search.probability`); ``None`` where
        calibration did not fit one for these weights, or nobody needs probabilities.
    min_probability
        Less probable documents are left out.
    """

    k: int
    weights: Mapping[str, float]
    settings: SearchSettings
    condition: Condition | None = None
    temperature: float | None = None
    min_probability: float = 0.0

    @property
    def dense(self) -> bool:
        """Whether vectors of the query have a say."""
        return any(name in self.weights for name in DENSE_RANKERS)

    @property
    def lexical(self) -> tuple[LexicalRanker, ...]:
        """The lexical rankers that have a say."""
        return tuple(name for name in LEXICAL_RANKERS if name in self.weights)

    @property
    def views(self) -> float:
        """The weight of a document's best view in its dense score, from 0 to 1."""
        passage, views = (self.weights.get(name, 0.0) for name in DENSE_RANKERS)
        return views / (passage + views) if self.dense else 0.0

    @property
    def fused(self) -> bool:
        """Whether scores must be brought to one scale; those of one kind are ranked by as are."""
        return len(self.weights) > 1 and not {*self.weights} <= {*DENSE_RANKERS}

    @property
    def size(self) -> int:
        """Documents that every ranker gives to a pool."""
        pooled = self.fused or self.temperature is not None
        return max(self.k, self.settings.pool) if pooled else self.k


def make_plan(
    manifest: "Manifest",
    representation: str,
    k: int,
    mode: Mode | None = None,
    settings: SearchSettings | None = None,
    filter: Filter | Condition | None = None,
    min_probability: float = 0.0,
) -> Plan:
    """Decide how queries are searched.

    Parameters
    ----------
    manifest
        Of the index: what it has, and its weights.
    representation
        The one that is open.
    k
        Documents per query.
    mode, settings, filter, min_probability
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
    condition = filter if isinstance(filter, Condition | None) else compile_filter(filter)
    mode = mode or "hybrid"
    temperature = None
    if mode == "hybrid" and settings == manifest.search and manifest.calibration:
        temperature = manifest.calibration.temperature
    _check_probability(min_probability)
    weights = _weights(manifest, mode, settings)
    return Plan(k, weights, settings, condition, temperature, min_probability)


def _check_probability(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SearchIndexError(
            f"min_probability must be a number from 0 to 1, not {describe_value(value)}"
        )
    if not 0 <= value <= 1:
        raise SearchIndexError(f"min_probability must be from 0 to 1, not {value}")


def _weights(manifest: "Manifest", mode: Mode, settings: SearchSettings) -> dict[str, float]:
    """Return the weights of a mode, of what the index has."""
    if mode == "dense":
        return normalize_weights(
            {"passage": 1 - settings.dense.views, "views": settings.dense.views}
        )
    asked = settings.hybrid.model_dump()
    lexical = manifest.lexical.rankers if manifest.lexical else ()
    if mode == "lexical":
        return normalize_weights({name: asked[name] for name in lexical}) or {"words": 1.0}
    weights = normalize_weights(
        {name: asked[name] for name in (*DENSE_RANKERS, *lexical, FEEDBACK)}
    )
    return weights if {*weights} != {FEEDBACK} else {"words": 1.0}
