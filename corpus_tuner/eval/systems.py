"""Systems of an index, and an index that is opened once for all of them."""

from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.encoders import EncoderSettings, QueryEncoder, open_encoder
from corpus_tuner.encoders.query_cache import CachedQueryEncoder
from corpus_tuner.eval.report import ShownDocument
from corpus_tuner.eval.trec.runs import Run, break_ties
from corpus_tuner.indexes.lexical import LexicalRanker
from corpus_tuner.indexes.open_index import locate_index
from corpus_tuner.indexes.search.hits import shorten_line
from corpus_tuner.indexes.search.local_index import LocalIndexSource
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import HybridWeights, Mode, SearchSettings

LEXICAL_SYSTEMS: Mapping[LexicalRanker, str] = {"words": "bm25", "ngrams": "ngrams"}
"""Names of the systems with a single lexical ranker."""

HYBRID, DEFAULT = "hybrid", "default"
"""Hybrid search as users run it, and by the weights that are the same for every corpus."""

_LABEL_DEPTH = 100  # ranks down to which documents are described


class System(NamedTuple):
    """A way to search an index.

    Attributes
    ----------
    name
        Name in the table.
    representation
        Representation that is searched.
    mode
        Dense, lexical or hybrid search.
    settings
        Ranker weights.
    uses_labels
        Whether the weights were chosen with the judgments, so that it is an upper bound.
    """

    name: str
    representation: str
    mode: Mode
    settings: SearchSettings
    uses_labels: bool = False

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the rankers; empty where there is only one."""
        if self.mode == "dense":
            return {"views": self.settings.dense.views} if self.representation == "views" else {}
        weights = {name: own for name, own in self.settings.hybrid_weights.items() if own}
        return weights if len(weights) > 1 else {}


def list_systems(manifest: Manifest, default: SearchSettings) -> list[System]:
    """Return the systems of an index: single rankers, representations and hybrid search."""
    configured = manifest.representation
    dense = [System(name, name, "dense", default) for name in manifest.representations]
    if not manifest.lexical:
        return dense
    systems = [
        System(
            LEXICAL_SYSTEMS[ranker],
            configured,
            "hybrid",
            default.model_copy(update={"hybrid": HybridWeights.from_ranker(ranker)}),
        )
        for ranker in manifest.lexical.rankers
    ]
    systems += dense
    if manifest.calibration and not manifest.calibration.unchanged:
        systems.append(System(DEFAULT, configured, "hybrid", default))
    return [*systems, System(HYBRID, configured, "hybrid", manifest.search)]


def explain_missing_systems(manifest: Manifest) -> str:
    """Return which of the usual systems an index does not have, and why; empty if none."""
    if not manifest.lexical:
        names = ", ".join(LEXICAL_SYSTEMS.values())
        return f"no {names} and {HYBRID}: the index has no lexical rankers."
    why = manifest.calibration.unchanged if manifest.calibration else "calibrate is false"
    if why:
        return f"no {DEFAULT}: {HYBRID} has the default weights, not calibrated ({why})."
    return ""


class OpenIndex:
    """An index that is opened once for all systems, with queries that are encoded once.

    A context manager. Without an encoder, that of the index is opened.
    """

    def __init__(
        self,
        index: str | Path,
        encoder: QueryEncoder | None,
        queries: Mapping[str, str],
        trust_remote_code: bool = False,
    ) -> None:
        self._source = locate_index(index)
        self._queries = queries
        self._given_encoder = encoder
        self._trusted = trust_remote_code
        self._searchers: dict[str, Searcher] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "OpenIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._source.close()

    @cached_property
    def manifest(self) -> Manifest:
        """Manifest of the index."""
        return self._source.read_manifest()

    @cached_property
    def _encoder(self) -> CachedQueryEncoder:
        encoder = self._given_encoder
        if encoder is None:
            stored = self.manifest.encoder
            settings = stored.settings | {"trust_remote_code": self._trusted}
            with show_activity("opening the encoder"):
                encoder = open_encoder(EncoderSettings.model_validate(settings), stored.fingerprint)
        return CachedQueryEncoder(encoder, list(self._queries.values()))

    def list_missing(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that no document of the index has."""
        ids = list(ids)
        searcher = self.open_searcher(self.manifest.representation)
        if isinstance(self._source, LocalIndexSource):
            present: Container[str] = searcher.segments.find_ids(ids)
        else:
            shown = track(ids, "looking up documents", lambda: len(ids))
            present = {id_ for id_ in shown if searcher.read_document(id_)}
        return [id_ for id_ in ids if id_ not in present]

    def open_searcher(self, representation: str) -> Searcher:
        """Return the searcher of a representation."""
        if representation not in self._searchers:
            opened = Searcher.open(
                self._source, encoder=self._encoder, representation=representation
            )
            self._searchers[representation] = self._stack.enter_context(opened)
        return self._searchers[representation]

    def prepare(self, system: System) -> None:
        """Open the searcher of a system and encode the queries."""
        self.open_searcher(system.representation)
        if system.mode != "lexical":
            with show_activity("encoding the queries"):
                self._encoder.encode_queries(list(self._queries.values())[:1])

    def run(self, system: System, depth: int) -> Run:
        """Rank `depth` documents for all queries."""
        texts = list(self._queries.values())
        searcher = self.open_searcher(system.representation)
        rankings = searcher.rank(texts, depth, mode=system.mode, settings=system.settings)
        shown = track(rankings, f"searching ({system.name})", lambda: len(texts), unit="queries")
        return {
            query: break_ties(ranking) for query, ranking in zip(self._queries, shown, strict=True)
        }

    def describe(self, system: System, queries: Sequence[str]) -> list[dict[str, ShownDocument]]:
        """Search again for title, view and rankers of documents, by id."""
        rankings = self.open_searcher(system.representation).search(
            queries,
            _LABEL_DEPTH,
            mode=system.mode,
            settings=system.settings,
            collapse=False,
        )
        return [
            {
                hit.document.id: ShownDocument(
                    document=hit.document.id,
                    title=hit.document.title,
                    view=f"{hit.view.kind}: {shorten_line(hit.view.text)}",
                    rankers=", ".join(
                        f"{name} {own.part:+.2f}" for name, own in hit.rankers.items()
                    ),
                )
                for hit in hits
            }
            for hits in rankings
        ]
