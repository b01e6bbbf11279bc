"""The systems that are compared on an index, from plain to elaborate."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.progress import track
from corpus_tuner.eval.runs import Run, break_ties
from corpus_tuner.indexes.encoders import Encoder
from corpus_tuner.indexes.search.fusion import Mode, SearchSettings
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest


class System(NamedTuple):
    """One way to search an index.

    Attributes
    ----------
    name
        As the table has it.
    representation
        The one that is searched.
    mode
        ``None`` for the index's own.
    settings
        Weights.
    uses_labels
        As `corpus_tuner.eval.report.Result.uses_labels`.
    """

    name: str
    representation: str
    mode: Mode | None
    settings: SearchSettings
    uses_labels: bool = False

    def weights(self) -> dict[str, float]:
        """Return the weights that it ranks with."""
        weights = {}
        if self.representation == "views" and self.mode != "lexical":
            weights["views"] = self.settings.views_in(self.mode or "hybrid")
        if self.mode in (None, "hybrid"):
            weights["words"] = self.settings.words
        return weights


def ladder(manifest: Manifest, usual: SearchSettings) -> list[System]:
    """Return what needs no judgments: words, each representation, and both together.

    Parameters
    ----------
    manifest
        Of the index.
    usual
        Weights before calibration.
    """
    configured = manifest.representation
    systems = [System(name, name, "dense", usual) for name in manifest.representations]
    if not manifest.lexical:
        return systems
    systems.insert(0, System("bm25", configured, "lexical", usual))
    systems.append(System("hybrid", configured, "hybrid", usual))
    if manifest.calibration:
        systems.append(System("calibrated", configured, None, manifest.search))
    return systems


def search(
    index: Path, encoder: Encoder, queries: dict[str, str], system: System, depth: int
) -> Run:
    """Rank documents for all queries, by their ids."""
    texts = list(queries.values())
    batches: Sequence[list[str]] = [texts[at : at + 64] for at in range(0, len(texts), 64)]
    with Searcher.open(index, encoder=encoder, representation=system.representation) as searcher:
        rankings = [
            ranking
            for batch in track(batches, f"searching ({system.name})", lambda: len(batches))
            for ranking in searcher.rank(batch, depth, system.mode, system.settings)
        ]
    return {query: break_ties(ranking) for query, ranking in zip(queries, rankings, strict=True)}
