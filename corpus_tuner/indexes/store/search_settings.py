"""Settings of hybrid search: ranker weights and fusion, and how calibration chose the weights.

How the default weights were chosen: docs/research/calibration.md.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    model_validator,
)

from corpus_tuner.core.arguments import CheckedModel
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.rerankers import RerankerSettings

Mode = Literal["hybrid", "dense", "lexical"]
Fusion = Literal["zscore", "minmax", "rrf"]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]

DENSE_RANKERS = ("passage", "views")
FEEDBACK = "feedback"
RERANKER = "reranker"


class DenseWeights(BaseModel):
    """Weights in dense search.

    Attributes
    ----------
    views
        Weight of a document's best view, from 0 to 1; the rest is that of its passage.

    Examples
    --------
    >>> DenseWeights(views=0.3)
    DenseWeights(views=0.3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    views: Share = 0.5


class HybridWeights(BaseModel):
    """The weights of all rankers in hybrid search: only their ratios count. Calibration sets them.

    A ranker with a weight of 0 costs nothing.

    Attributes
    ----------
    passage
        Similarity to a document's passage.
    views
        Similarity to the best of its other views.
    words
        BM25 of whole words.
    ngrams
        BM25 of character n-grams within words.
    feedback
        Similarity to the passages of the first hits by all others
        (pseudo-relevance feedback).
    reranker
        Score of the reranker, if there is one, for the first documents by all others.

    Examples
    --------
    >>> HybridWeights(words=0.6).words
    0.6
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    passage: Weight = 0.20
    views: Weight = 0.26
    words: Weight = 0.22
    ngrams: Weight = 0.17
    feedback: Weight = 0.15
    reranker: Weight = 0.0

    @classmethod
    def from_weights(cls, weights: Mapping[str, float]) -> "HybridWeights":
        """Return these weights; rankers that are not named have none."""
        return cls.model_validate({**dict.fromkeys(cls.model_fields, 0.0), **weights})

    @classmethod
    def from_ranker(cls, ranker: str) -> "HybridWeights":
        """Return weights of which one ranker has all."""
        return cls.from_weights({ranker: 1.0})

    @model_validator(mode="after")
    def _something_finds(self) -> "HybridWeights":
        if not self.passage + self.views + self.words + self.ngrams:
            raise ValueError("at least one of passage, views, words and ngrams must have a weight")
        return self


RANKERS = tuple(HybridWeights.model_fields)
"""The names of all rankers, in the order in which what they bring is summed."""


def normalize_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights that are in force, 1 in sum.

    Examples
    --------
    >>> normalize_weights({"passage": 3.0, "views": 0.0, "words": 1.0})
    {'passage': 0.75, 'words': 0.25}
    """
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items() if weight}


class SearchSettings(CheckedModel):
    """How scores become one ranking.

    Attributes
    ----------
    dense, hybrid
        The weights of these modes; mode ``lexical`` takes those of words and n-grams in ``hybrid``.
    fusion
        How the scores of all rankers come to one scale: ``zscore``, ``minmax`` or ``rrf``.
    candidates
        Number of documents of every ranker over which scores are normalized.
    reranker
        Reranker of hybrid search: a name, or settings with a name; ``None`` for none. Calibration
        sets its weight, which is 0 if it does not improve the ranking.
    words, ngrams
        The parameters of BM25. Those of words are Anserini's, in which BM25 is usually published.

    Examples
    --------
    >>> SearchSettings(hybrid={"words": 0.6}).hybrid.words
    0.6
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dense: DenseWeights = DenseWeights()
    hybrid: HybridWeights = HybridWeights()
    fusion: Fusion = "zscore"
    candidates: Annotated[PositiveInt, Field(le=1_000_000)] = 100
    reranker: RerankerSettings | None = None
    words: BM25 = BM25()
    ngrams: BM25 = BM25(k1=1.2, b=0.75)

    @property
    def hybrid_weights(self) -> dict[str, float]:
        """Weights of hybrid search by ranker; that of the reranker only if there is one."""
        weights: dict[str, float] = self.hybrid.model_dump()
        if self.reranker is None:
            del weights[RERANKER]
        return weights


class RerankerTrial(BaseModel):
    """What a reranker improves on the ranking by all other rankers, without labels.

    Attributes
    ----------
    queries
        Number of pseudo-queries; their documents are held out from the choice of the weight.
    gain
        Mean gain in nDCG@10, a fraction.
    error
        Standard error of the gain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    queries: int
    gain: float
    error: float

    @property
    def pays(self) -> bool:
        """Whether the gain is greater than one standard error."""
        return self.gain > self.error


class Calibration(BaseModel):
    """Result of a calibration: the ranker weights that were chosen, and why.

    Attributes
    ----------
    queries
        Number of pseudo-queries.
    unchanged
        Reason why the weights stay as they were; ``None`` if new ones were chosen.
    chosen
        Weights in force.
    maximum_likelihood
        Maximum likelihood estimate of the weights; ``None`` if the weights stay.
    errors
        Standard errors of that estimate, by a jackknife over groups of documents (Efron and Stein,
        "The Jackknife Estimate of Variance", 1981).
    trust
        Weight of that estimate, from 0 to 1, that of the default weights being 1. It is below 1 if
        the likelihood of held-out documents is not greater than by the default weights by at least
        one standard error.
    default
        Weights towards which the estimate was shrunk.
    found
        nDCG@10 of the pseudo-queries, a fraction, by ranking: ``passage``, the representation,
        ``words``, ``ngrams``, and hybrid with the ``default`` and the ``chosen`` weights, without
        feedback. Good for comparing: real queries are easier.
    temperature
        Divisor of the scores in the softmax that turns them into probabilities of hits; ``None``
        if the weights stay.
    failing
        Rankers that find too little by themselves to be given a weight.
    reranker
        Gain by the reranker, which has no weight if it does not pay; ``None`` if there is no
        reranker, or the weights stay.
    documents
        Number of documents of the index.
    seed
        Random seed of the choice of documents and sentences.
    judged
        Number of judged queries by which the weights in force were tuned; 0 for none.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.calibrate(example_index).unchanged  # three documents say nothing
    '20 documents with sentences to spare are needed, not 3'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    queries: int = 0
    unchanged: str | None = None
    chosen: HybridWeights
    maximum_likelihood: HybridWeights | None = None
    errors: dict[str, float] = Field(default_factory=dict)
    trust: float = 1.0
    default: HybridWeights
    found: dict[str, float] = Field(default_factory=dict)
    temperature: Annotated[float, Field(ge=1e-6, le=1e6)] | None = None
    failing: tuple[str, ...] = ()
    reranker: RerankerTrial | None = None
    documents: int
    seed: int
    judged: int = 0
