"""Recall of ANN indexes against exact search, and search parameters that reach a given recall.

Queries are held-out sentences of documents, shortened to about the length of a query. The farther
a query is from its document, the more an approximate search misses, so none may be closer to its
document than real queries are.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from corpus_tuner.calibration.pseudo_queries import sample_sentences
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders import QueryEncoder, Vectors
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.representations import Scores, read_representation
from corpus_tuner.indexes.search.plan import make_plan
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.ann_indexes import find_missing, write_ann_indexes
from corpus_tuner.indexes.store.commit import collect_garbage, commit
from corpus_tuner.indexes.store.manifest import Manifest, VectorSearchEntry
from corpus_tuner.indexes.store.segments import Segments
from corpus_tuner.indexes.vectors.ann import SearchParameters, VectorSettings
from corpus_tuner.indexes.vectors.dense_index import DenseIndex

DEPTH = 100
"""Recall is measured on this many documents of an exact search."""
QUERIES = 200
CLOSENESS = 0.5
"""Closeness of real queries to their documents: 0 is the mean cosine with the documents of other
queries, and 1 is a cosine of 1 (docs/guide/scale.md)."""
_BISECTIONS = 20
_BLENDED = 8


class Recall(BaseModel):
    """Recall of the ANN indexes of an index.

    Attributes
    ----------
    vector_index
        Kind of the ANN indexes; ``flat`` if there are none.
    recall
        Share of the first 100 documents of an exact search that are found, averaged over queries;
        ``None`` if no document has a sentence to use as a query.
    required
        Least recall by the settings; ``None`` for an exact search.
    queries
        Number of queries.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.measure_recall(example_index)
    Recall(vector_index='flat', recall=1.0, required=None, queries=3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vector_index: str
    recall: float | None
    required: float | None
    queries: int

    @property
    def is_sufficient(self) -> bool:
        """Whether the recall is not known to be less than required."""
        return self.required is None or self.recall is None or self.recall >= self.required


def measure_recall(
    index: str | Path,
    *,
    encoder: QueryEncoder | None = None,
    queries: int = QUERIES,
    seed: int = 0,
    trust_remote_code: bool = False,
) -> Recall:
    """Measure the recall@100 of an index's dense search against exact search.

    Parameters
    ----------
    index
        Folder of the index.
    encoder
        Encoder that the index was built with, if it is open already.
    queries
        Number of queries.
    seed
        Seed of the choice of documents and sentences.
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
        with show_activity("measuring recall"):
            exact = _ExactResults(searcher, queries, seed)
            return Recall(
                vector_index=manifest.vector_index,
                recall=round(exact.measure(searcher.dense), 4) if exact.queries else None,
                required=manifest.vectors.settings.recall if manifest.ann_indexes else None,
                queries=exact.queries,
            )


def needs_ann_build(manifest: Manifest, settings: VectorSettings) -> bool:
    """Tell whether ANN indexes of these settings are missing, or their recall is not measured."""
    vectors = manifest.vectors
    return (
        vectors.settings != settings
        or vectors.queries is None
        or bool(find_missing(manifest, settings))
    )


def build_ann_indexes(
    index: Path, manifest: Manifest, settings: VectorSettings, encoder: QueryEncoder
) -> Manifest:
    """Build the ANN indexes of an index, locked, raise their search parameters, and commit.

    Raises
    ------
    CorpusTunerError
        If they cannot be built, or do not reach the recall; the index stays as it is.
    """
    parameters = settings.get_first_parameters()
    entry = VectorSearchEntry(settings=settings, parameters=parameters)
    try:
        with show_activity("building ANN indexes"):
            written = write_ann_indexes(index, manifest, settings)
        if written.ann_indexes:
            with (
                show_activity("measuring recall"),
                Searcher.open(index, encoder=encoder) as searcher,
                closing(Segments.open(index, written)) as segments,
            ):
                exact = _ExactResults(searcher, QUERIES, seed=0)
                how = read_representation(written.representations[written.representation])

                def measure(parameters: SearchParameters) -> float:
                    trial = VectorSearchEntry(settings=settings, parameters=parameters)
                    return exact.measure(segments.open_dense(how, written.encoder.dimension, trial))

                if exact.queries:
                    parameters, recall = _raise_parameters(settings, measure)
                    entry = VectorSearchEntry(
                        settings=settings,
                        parameters=parameters,
                        recall=round(recall, 4),
                        queries=exact.queries,
                        query_cosine=round(exact.cosine, 4),
                    )
    except CorpusTunerError:
        collect_garbage(index, manifest)
        raise
    return commit(index, written.model_copy(update={"vectors": entry}))


def _raise_parameters(
    settings: VectorSettings, measure: Callable[[SearchParameters], float]
) -> tuple[SearchParameters, float]:
    """Raise search parameters, always the one that brings most, until the recall is reached."""
    parameters = settings.get_first_parameters()
    recall = measure(parameters)
    while recall < settings.recall:
        wider = [(measure(one), one) for one in settings.raise_parameters(parameters)]
        if not wider:
            reached = ", ".join(f"{name} {value}" for name, value in parameters.items())
            raise CorpusTunerError(
                f"{settings.index} reaches a recall of {recall:.2%} with its widest search "
                f"({reached}), and vectors.recall requires {settings.recall:.2%}: require less, "
                "or choose another vectors.index, such as a graph with more links "
                "(docs/guide/scale.md); until then the index is searched as before"
            )
        recall, parameters = max(wider, key=lambda one: one[0])
    return parameters, recall


class _ExactResults:
    """At most `queries` held-out sentences, and the scores of their best documents."""

    def __init__(self, searcher: Searcher, queries: int, seed: int) -> None:
        sentences = list(sample_sentences(searcher, queries, seed))
        self.queries = len(sentences)
        if not sentences:
            return
        manifest, name = searcher.manifest, searcher.representation
        plan = make_plan(manifest, name, DEPTH)
        self._weight = plan.views if plan.dense else manifest.search.dense.views
        how = read_representation(manifest.representations[name])
        exact = searcher.segments.open_dense(how, manifest.encoder.dimension)
        encoded = searcher.encoder.encode_queries([one.queries[0] for one in sentences])
        sources = [
            _find_nearest(query, exact.vectors(np.array([one.ordinal]))[0])
            for query, one in zip(encoded, sentences, strict=True)
        ]
        self._vectors = keep_distance(encoded, np.array(sources))
        self.cosine = float(np.einsum("qd,qd->q", self._vectors, sources).mean())
        self._best = [np.sort(scores)[::-1][:DEPTH] for scores in self._search(exact)]

    def measure(self, dense: DenseIndex) -> float:
        """Return the recall of a search; a document that ties with the last one counts as found."""
        shares = [
            min(1.0, float(np.sum(found >= best[-1])) / len(best))
            for best, found in zip(self._best, self._search(dense), strict=True)
        ]
        return float(np.mean(shares))

    def _search(self, dense: DenseIndex) -> list[Scores]:
        """Return the scores of the documents that are found for every query."""
        found = dense.top_documents(self._vectors, DEPTH, self._weight)
        return [one.scores.combine(self._weight) for one in found]


def keep_distance(queries: Vectors, documents: Vectors) -> Vectors:
    """Return queries that are no closer to their documents than real queries are.

    A query that is closer is blended with the sum of others, of which no single one outweighs it.

    Parameters
    ----------
    queries
        Unit rows, shape (queries, dimension).
    documents
        The nearest vector of each query's document, of the same shape.

    Examples
    --------
    >>> axes = np.eye(3, dtype=np.float32)
    >>> np.diag(keep_distance(axes, axes)).round(2).tolist()  # CLOSENESS: the mean is 0
    [0.5, 0.5, 0.5]
    """
    shifted = [np.roll(queries, shift, axis=0) for shift in range(1, _BLENDED + 1)]
    others = _normalize(np.sum(shifted, axis=0))
    similarities = queries @ documents.T
    mean = float(similarities[~np.eye(len(queries), dtype=bool)].mean()) if len(queries) > 1 else 0
    limit = mean + CLOSENESS * (1 - mean)
    least, most = np.zeros((2, len(queries)), np.float32)
    most += 1
    for _ in range(_BISECTIONS):
        share = (least + most) / 2
        blended = _normalize((1 - share[:, None]) * queries + share[:, None] * others)
        is_close = np.einsum("qd,qd->q", blended, documents) > limit
        least, most = np.where(is_close, share, least), np.where(is_close, most, share)
    shares = np.where(np.diag(similarities) > limit, most, 0)[:, None]
    return _normalize((1 - shares) * queries + shares * others)


def _find_nearest(query: Vectors, rows: Vectors) -> Vectors:
    nearest: Vectors = rows[int(np.argmax(rows @ query))]
    return nearest


def _normalize(vectors: npt.NDArray[Any]) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
