"""Plan: how queries are searched, decided once from the index and what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, get_args

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.arguments import shown
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS, LexicalRanker
from corpus_tuner.indexes.search.filters import Condition, Filter, compile_filter
from corpus_tuner.indexes.search.settings import (
    DENSE_RANKERS,
    FEEDBACK,
    Mode,
    SearchSettings,
    shares,
)

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.manifest import Manifest


class Options(TypedDict, total=False):
    """How to search, but for the queries and how many documents.

    Attributes
    ----------
    mode
        ``dense``: by the vectors; ``lexical``: by words and character n-grams, only documents that
        share one with the query; ``hybrid``: by all. By default whatever the index's weights ask
        for, and ``dense`` where another representation than the configured one is open.
    settings
        Weights and fusion; by default those of the index.
    filter
        Which documents may be found, by metadata and ids (`corpus_tuner.indexes.search.filters`).
        It is applied before ranking: where so many documents pass it and can be found, as many
        come back.
    min_score
        The least likelihood of a hit (`Hit.likelihood`), from 0 to 1: less likely ones are left
        out. For calibrated indexes, with their own weights.
    """

    mode: Mode | None
    settings: SearchSettings | None
    filter: Filter | Condition | None
    min_score: float


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
    sharpness
        Of their likelihoods (`corpus_tuner.indexes.search.likelihood`); ``None`` where calibration
        did not fit one for these weights.
    min_score
        The least likelihood of what is found.
    """

    k: int
    weights: Mapping[str, float]
    settings: SearchSettings
    condition: Condition | None = None
    sharpness: float | None = None
    min_score: float = 0.0

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
        return max(self.k, self.settings.pool) if self.fused else self.k


def make_plan(
    manifest: "Manifest",
    representation: str,
    k: int,
    mode: Mode | None = None,
    settings: SearchSettings | None = None,
    filter: Filter | Condition | None = None,
    min_score: float = 0.0,
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
    mode, settings, filter, min_score
        As `Options` has them.

    Raises
    ------
    SearchIndexError
        If `k` is less than 1, the index cannot be searched in this mode, the filter is none, or
        `min_score` is no likelihood or the index has none.
    """
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise SearchIndexError(f"k must be at least 1, a whole number, not {k!r}")
    settings = manifest.search if settings is None else settings
    if not isinstance(settings, SearchSettings):
        raise SearchIndexError(f"settings: give SearchSettings(...), not {shown(settings)}")
    if mode is not None and mode not in get_args(Mode):
        raise SearchIndexError(f"there is no mode {mode!r}: {', '.join(get_args(Mode))}")
    if mode in ("hybrid", "lexical") and manifest.lexical is None:
        raise SearchIndexError(f"the index has no words to search in {mode} mode")
    if manifest.lexical is None or (mode is None and representation != manifest.representation):
        mode = "dense"  # the hybrid weights are not meant for this one
    condition = filter if isinstance(filter, Condition | None) else compile_filter(filter)
    mode = mode or "hybrid"
    sharpness = None
    if mode == "hybrid" and settings == manifest.search and manifest.calibration:
        sharpness = manifest.calibration.get("sharpness")
    _check_least(min_score, sharpness)
    weights = _weights(manifest, mode, settings)
    return Plan(k, weights, settings, condition, sharpness, min_score)


def _check_least(min_score: float, sharpness: float | None) -> None:
    """Refuse a least likelihood that is none, or that nothing has."""
    if isinstance(min_score, bool) or not isinstance(min_score, int | float):
        raise SearchIndexError(f"min_score must be a number from 0 to 1, not {shown(min_score)}")
    if not 0 <= min_score <= 1:
        raise SearchIndexError(f"min_score must be from 0 to 1, not {min_score}")
    if min_score and sharpness is None:
        raise SearchIndexError(
            "min_score: hits have a likelihood only where the index is calibrated and searched "
            "with the weights that were chosen; leave out the mode, or run corpus-tuner calibrate"
        )


def _weights(manifest: "Manifest", mode: Mode, settings: SearchSettings) -> dict[str, float]:
    """Return the weights of a mode, of what the index has."""
    if mode == "dense":
        return shares({"passage": 1 - settings.dense.views, "views": settings.dense.views})
    asked = settings.hybrid.model_dump()
    lexical = manifest.lexical.rankers if manifest.lexical else ()
    if mode == "lexical":
        return shares({name: asked[name] for name in lexical}) or {"words": 1.0}
    weights = shares({name: asked[name] for name in (*DENSE_RANKERS, *lexical, FEEDBACK)})
    return weights if {*weights} != {FEEDBACK} else {"words": 1.0}
