"""How much of what an exact search finds is found by an engine that does not look at everything.

Some documents are asked for with a sentence of theirs, shortened to about the length of a query.
What an exact search puts first is to be found.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from corpus_tuner.calibration.pseudo_queries import draw
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders import QueryEncoder, Vectors
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.representations import Scores, stored_representation
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.ann_indexes import lacking, structured
from corpus_tuner.indexes.store.commit import collect_garbage, commit
from corpus_tuner.indexes.store.manifest import EngineEntry, Manifest
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors.approximate import ApproximateSettings
from corpus_tuner.indexes.vectors.engines import EngineSettings
from corpus_tuner.indexes.vectors.scoring import DenseIndex

FIRST = 100
"""Documents of an exact search that are to be found."""
QUERIES = 200


class Recall(BaseModel):
    """How much is found.

    Attributes
    ----------
    engine
        Its name.
    recall
        The share of the first `FIRST` documents of an exact search that is found, a mean over
        queries; ``None`` where no document has a sentence to ask with.
    asked
        The least share that the index is to find; ``None`` for an exact engine.
    queries
        How many told it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.measure_recall(example_index)
    Recall(engine='flat', recall=1.0, asked=None, queries=3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    recall: float | None
    asked: float | None
    queries: int

    @property
    def enough(self) -> bool:
        """Whether it is not known to be less than is asked for."""
        return self.asked is None or self.recall is None or self.recall >= self.asked


def measure_recall(
    index: str | Path,
    *,
    encoder: QueryEncoder | None = None,
    queries: int = QUERIES,
    seed: int = 0,
    trust_remote_code: bool = False,
) -> Recall:
    """Measure how much of what an exact search finds an index finds.

    Parameters
    ----------
    index
        The folder.
    encoder
        The one that the index was built with, if it is open already.
    queries
        With how many.
    seed
        Of the choice of documents and sentences.
    trust_remote_code
        Let the encoder run Python that comes with it.

    Raises
    ------
    SearchIndexError
        If there is no index, or it cannot be opened.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.measure_recall(example_index).recall
    1.0
    """
    path = check_path(index, "index")
    with Searcher.open(path, encoder=encoder, trust_remote_code=trust_remote_code) as searcher:
        manifest = searcher.manifest
        settings = manifest.vectors.settings
        with show_activity("measuring recall"):
            measured = _Measured(searcher, queries, seed)
            return Recall(
                engine=manifest.engine,
                recall=round(measured.share(searcher.dense), 4) if measured.queries else None,
                asked=settings.recall if isinstance(settings, ApproximateSettings) else None,
                queries=measured.queries,
            )


def must_find(manifest: Manifest, asked: EngineSettings) -> bool:
    """Tell whether vectors are found by another engine than is asked for, or one not measured."""
    vectors = manifest.vectors
    return (
        vectors.asked != asked.model_dump()
        or vectors.queries is None
        or bool(lacking(manifest, vectors.settings))
    )


def finding(
    index: Path, manifest: Manifest, asked: EngineSettings, encoder: QueryEncoder
) -> Manifest:
    """See that an index, locked, finds vectors by an engine, and enough of them.

    Parameters
    ----------
    index
        The folder.
    manifest
        As it is in force.
    asked
        The engine's settings; those for searching are raised until it finds as much as they say.
    encoder
        The one that the index was built with.

    Raises
    ------
    CorpusTunerError
        If it finds too little however much they are raised; the index stays as it is.
    """
    with show_activity("making what finds vectors"):
        made = structured(index, manifest, asked)
    entry = EngineEntry(asked=asked.model_dump(), chosen=asked.model_dump())
    if isinstance(asked, ApproximateSettings) and made.structures:
        with (
            show_activity("measuring recall"),
            Searcher.open(index, encoder=encoder) as searcher,
            closing(Segments.open(index, made)) as segments,
        ):
            measured = _Measured(searcher, QUERIES, seed=0)
            how = stored_representation(made.representations[made.representation])

            def share(settings: EngineSettings) -> float:
                return measured.share(segments.dense(how, made.encoder.dimension, settings))

            if measured.queries:
                try:
                    chosen, recall = _raised(asked, share)
                except CorpusTunerError:
                    collect_garbage(index, manifest)
                    raise
                entry = EngineEntry(
                    asked=asked.model_dump(),
                    chosen=chosen.model_dump(),
                    recall=round(recall, 4),
                    queries=measured.queries,
                )
    recipe = made.build.recipe | {"vectors": asked.model_dump()}
    update = {"vectors": entry, "build": made.build.model_copy(update={"recipe": recipe})}
    return commit(index, made.model_copy(update=update))


class _Raised(NamedTuple):
    """Settings that find enough, and how much they find."""

    settings: ApproximateSettings
    recall: float


def _raised(asked: ApproximateSettings, share: Callable[[EngineSettings], float]) -> _Raised:
    """Raise settings, of the knobs that there are always the one that gives most."""
    best = _Raised(asked, share(asked))
    while best.recall < asked.recall:
        further = [_Raised(settings, share(settings)) for settings in best.settings.further(asked)]
        if not further:
            knobs = ", ".join(
                f"{knob} {getattr(best.settings, knob)}" for knob in sorted(asked.knobs)
            )
            raise CorpusTunerError(
                f"{asked.name} finds {best.recall:.2%} of what an exact search does, however much "
                f"it may look at ({knobs}), and vectors.recall asks for {asked.recall:.2%}: ask "
                "for less, allow more by vectors.raised, give the structure more "
                "(docs/guide/scale.md), or take another engine; until then the index is searched "
                "as it was before"
            )
        best = max(further, key=lambda one: one.recall)
    return best


class _Measured:
    """Queries whose best documents are known.

    Parameters
    ----------
    searcher
        The index, with the encoder that it was built with.
    queries
        How many are asked, at most.
    seed
        Of the choice of documents and sentences.
    """

    def __init__(self, searcher: Searcher, queries: int, seed: int) -> None:
        texts = [asked.queries[0] for asked in draw(searcher, queries, seed)]
        self.queries = len(texts)
        if not texts:
            return
        manifest, name = searcher.manifest, searcher.representation
        plan = make_plan(manifest, name, FIRST)
        self._weight = plan.views if plan.dense else manifest.search.dense.views
        self._vectors: Vectors = searcher.encoder.encode_queries(texts)
        how = stored_representation(manifest.representations[name])
        exact = searcher.segments.dense(how, manifest.encoder.dimension)
        self._firsts = [np.sort(scores)[::-1][:FIRST] for scores in self._scores(exact)]

    def share(self, dense: DenseIndex) -> float:
        """Return how much is found; a document that ties with the last of the first is as good."""
        shares = [
            min(1.0, float(np.sum(found >= first[-1])) / len(first))
            for first, found in zip(self._firsts, self._scores(dense), strict=True)
        ]
        return float(np.mean(shares))

    def _scores(self, dense: DenseIndex) -> list[Scores]:
        """Return the scores of the documents found, for every query."""
        near = dense.top_documents(self._vectors, FIRST, self._weight)
        return [one.parts.mixed(self._weight) for one in near]
