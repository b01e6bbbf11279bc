"""Plan: how queries are searched, decided once from the index and what was asked for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, get_args

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.search.filters import Condition, Filter, compile_filter
from corpus_tuner.indexes.search.fusion import Fusion, Mode, SearchSettings

if TYPE_CHECKING:
    from corpus_tuner.indexes.store.manifest import Manifest


class Options(TypedDict, total=False):
    """How to search, but for the queries and how many documents.

    Attributes
    ----------
    mode
        ``dense``: by the vectors; ``lexical``: by the words, only documents that share one with the
        query; ``hybrid``: by both. By default whatever the index's weights ask for, and ``dense``
        where another representation than the configured one is open.
    settings
        Weights and fusion; by default those of the index.
    filter
        Which documents may be found, by their metadata (`corpus_tuner.indexes.search.filters`). It
        is applied before ranking: where so many documents pass it and can be found, as many come
        back.
    """

    mode: Mode | None
    settings: SearchSettings | None
    filter: Filter | Condition | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How queries are searched.

    Attributes
    ----------
    k
        Documents wanted per query.
    views
        Weight of a document's best view in its dense score.
    words
        Weight of the lexical score; with 0 the vectors rank alone, with 1 the words.
    fusion
        How both come to one scale.
    pool
        Documents of every ranker over which scores are scaled.
    condition
        Which documents may be found; ``None`` for all.
    """

    k: int
    views: float
    words: float
    fusion: Fusion
    pool: int
    condition: Condition | None = None

    @property
    def dense(self) -> bool:
        """Whether vectors have a say."""
        return self.words < 1

    @property
    def lexical(self) -> bool:
        """Whether words have a say."""
        return self.words > 0

    @property
    def hybrid(self) -> bool:
        """Whether both have."""
        return self.dense and self.lexical

    @property
    def size(self) -> int:
        """Documents that every ranker gives to a pool."""
        return max(self.k, self.pool) if self.hybrid else self.k


def make_plan(
    manifest: "Manifest",
    representation: str,
    k: int,
    mode: Mode | None = None,
    settings: SearchSettings | None = None,
    filter: Filter | Condition | None = None,
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
    mode, settings, filter
        As `Options` has them.

    Raises
    ------
    SearchIndexError
        If `k` is less than 1, the index cannot be searched in this mode, or the filter is none.
    """
    if k < 1:
        raise SearchIndexError(f"k must be at least 1, not {k}")
    settings = settings or manifest.search
    if mode is not None and mode not in get_args(Mode):
        raise SearchIndexError(f"there is no mode {mode!r}: {', '.join(get_args(Mode))}")
    if mode in ("hybrid", "lexical") and manifest.lexical is None:
        raise SearchIndexError(f"the index has no words to search in {mode} mode")
    if mode is None and representation != manifest.representation:
        mode = "dense"  # the hybrid weights are not meant for this one
    words = settings.hybrid.words if manifest.lexical is not None else 0.0
    if mode in ("dense", "lexical"):
        words = 1.0 if mode == "lexical" else 0.0
    views = settings.dense.views if mode == "dense" else settings.hybrid.views
    condition = filter if isinstance(filter, Condition | None) else compile_filter(filter)
    return Plan(k, views, words, settings.fusion, settings.pool, condition)
