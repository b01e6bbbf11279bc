"""The systems that are compared on an index, and the index they search."""

from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.encoders import QueryEncoder
from corpus_tuner.encoders.query_cache import CachedQueryEncoder
from corpus_tuner.eval.report.per_query import Label
from corpus_tuner.eval.trec.runs import Run, break_ties
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.open_index import locate_index
from corpus_tuner.indexes.search.local_index import LocalIndexSource
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import HybridWeights, Mode, SearchSettings

NAMES: Mapping[LexicalRanker, str] = {"words": "bm25", "ngrams": "ngrams"}
"""What the systems are called in which a lexical ranker is alone."""

HYBRID, DEFAULT_WEIGHTS = "hybrid", "default-weights"
"""All rankers together: as users search, and by the weights that are the same for every corpus."""

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
        Dense, lexical or hybrid search.
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


def systems(manifest: Manifest, default: SearchSettings) -> list[System]:
    """Return the systems that need no judgments: every ranker, every representation, and hybrid.

    Parameters
    ----------
    manifest
        Of the index.
    default
        Weights before calibration.
    """
    configured = manifest.representation
    found = [System(name, name, "dense", default) for name in manifest.representations]
    if not manifest.lexical:
        return found
    found[:0] = [
        System(NAMES[ranker], configured, "hybrid", _only(ranker, default))
        for ranker in manifest.lexical.rankers
    ]
    if manifest.calibration and not manifest.calibration["unchanged"]:
        found.append(System(DEFAULT_WEIGHTS, configured, "hybrid", default))
    return [*found, System(HYBRID, configured, "hybrid", manifest.search)]


def missing_systems(manifest: Manifest) -> list[str]:
    """Say which of the usual systems an index does not have, and why.

    Parameters
    ----------
    manifest
        Of the index.
    """
    if not manifest.lexical:
        return [f"no {', '.join(NAMES.values())} and {HYBRID}: the index has no lexical rankers"]
    why = manifest.calibration["unchanged"] if manifest.calibration else "calibrate is false"
    if why:
        return [f"no {DEFAULT_WEIGHTS}: {HYBRID} has the default weights, not calibrated ({why})"]
    return []


def _only(ranker: LexicalRanker, default: SearchSettings) -> SearchSettings:
    return default.model_copy(update={"hybrid": HybridWeights.only(ranker)})


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
        self._source = locate_index(index)
        self._queries = queries
        self._encoder = CachedQueryEncoder(encoder, list(queries.values()))
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

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Return those of some ids that no document of the index has, in their order."""
        wanted = list(ids)
        searcher = self.searcher(self.manifest.representation)
        if isinstance(self._source, LocalIndexSource):
            known: Container[str] = searcher.segments.find(wanted)
        else:
            shown = track(wanted, "looking up documents", lambda: len(wanted))
            known = {id_ for id_ in shown if searcher.document(id_)}
        return [id_ for id_ in wanted if id_ not in known]

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
            with show_activity("encoding the queries"):
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
