"""The systems that are compared on an index, from plain to elaborate, and the index they search."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.eval.report.movers import Label
from corpus_tuner.eval.runs import Run, break_ties
from corpus_tuner.indexes.encoders import QueryEncoder
from corpus_tuner.indexes.encoders.remembering import RememberedQueries
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.search.settings import HybridWeights, Mode, SearchSettings
from corpus_tuner.indexes.search.sources import source_of
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.progress import track, working

NAMES: Mapping[LexicalRanker, str] = {"words": "bm25", "grams": "grams"}
"""What the systems are called in which a lexical ranker is alone."""
_DEEP = 100  # how far down a ranking the labels of its documents are looked for


class System(NamedTuple):
    """One way to search an index.

    Attributes
    ----------
    name
        As the table has it.
    representation
        The one that is searched.
    mode
        By vectors, by words, or by both.
    settings
        Weights.
    uses_labels
        As `corpus_tuner.eval.report.Result.uses_labels`.
    """

    name: str
    representation: str
    mode: Mode
    settings: SearchSettings
    uses_labels: bool = False

    def weights(self) -> dict[str, float]:
        """Return the weights that it ranks with; none where there is but one ranker."""
        if self.mode == "dense":
            return {"views": self.settings.dense.views} if self.representation == "views" else {}
        weights = {name: weight for name, weight in self.settings.hybrid if weight}
        return weights if len(weights) > 1 else {}


def ladder(manifest: Manifest, usual: SearchSettings) -> list[System]:
    """Return what needs no judgments: every ranker, every representation, and all together.

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
    systems[:0] = [
        System(NAMES[ranker], configured, "hybrid", _only(ranker, usual))
        for ranker in manifest.lexical.rankers
    ]
    systems.append(System("hybrid", configured, "hybrid", usual))
    if manifest.calibration and not manifest.calibration["unchanged"]:
        systems.append(System("calibrated", configured, "hybrid", manifest.search))
    return systems


def _only(ranker: LexicalRanker, usual: SearchSettings) -> SearchSettings:
    return usual.model_copy(update={"hybrid": HybridWeights.only(ranker)})


class OpenIndex:
    """An index that is opened once for all systems, and queries that are encoded once.

    A context manager. Whatever is not needed is not opened.

    Parameters
    ----------
    index
        The folder, or the address.
    encoder
        The one that it was built with.
    queries
        Their texts, by id.
    """

    def __init__(
        self, index: str | Path, encoder: QueryEncoder, queries: Mapping[str, str]
    ) -> None:
        self._source = source_of(index)
        self._queries = queries
        self._encoder = RememberedQueries(encoder, list(queries.values()))
        self._searchers: dict[str, Searcher] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "OpenIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._source.close()

    @cached_property
    def manifest(self) -> Manifest:
        """What the index says of itself."""
        return self._source.manifest()

    def searcher(self, representation: str) -> Searcher:
        """Return what searches a representation."""
        if representation not in self._searchers:
            opened = Searcher.open(
                self._source, encoder=self._encoder, representation=representation
            )
            self._searchers[representation] = self._stack.enter_context(opened)
        return self._searchers[representation]

    def prepare(self, system: System) -> None:
        """Do what a system needs before its first search: open the index, encode the queries."""
        self.searcher(system.representation)
        if system.mode != "lexical":
            with working("encoding the queries"):
                self._encoder.encode_queries(list(self._queries.values())[:1])

    def run(self, system: System, depth: int) -> Run:
        """Rank documents for all queries.

        Parameters
        ----------
        system
            How they are searched.
        depth
            Documents in every ranking.
        """
        texts = list(self._queries.values())
        searcher = self.searcher(system.representation)
        rankings = searcher.rank(texts, depth, mode=system.mode, settings=system.settings)
        shown = track(rankings, f"searching ({system.name})", lambda: len(texts), unit="queries")
        return {
            query: break_ties(ranking) for query, ranking in zip(self._queries, shown, strict=True)
        }

    def labels(self, system: System, queries: Sequence[str]) -> list[dict[str, Label]]:
        """Search again, for what a run does not say of documents, by their ids."""
        found = self.searcher(system.representation).search(
            queries, _DEEP, mode=system.mode, settings=system.settings
        )
        return [
            {
                hit.document.id: Label(
                    hit.document.title,
                    f"{hit.view.kind}: {_short(hit.view.text)}",
                    ", ".join(f"{name} {own.part:+.2f}" for name, own in hit.rankers.items()),
                )
                for hit in hits
            }
            for hits in found
        ]


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return f"{line[: most - 1]}…" if len(line) > most else line
