"""Verdict on a tuned encoder by pseudo-queries of held-out documents, without labels.

Base, tuned encoder and interpolations of their weights search for the held-out documents among
others. One half of the documents chooses the interpolation, the other half measures its gain.
With lexical rankers in the recipe, hybrid search by the default weights is measured: a gain that
lexical search brings as well does not count.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator

from corpus_tuner.calibration.pseudo_queries import take_out_sentence
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders.sentence_transformer import get_model_prompt
from corpus_tuner.encoders.tuning_report import TuningVerdict
from corpus_tuner.indexes.lexical import LexicalRanker, LexicalSettings
from corpus_tuner.indexes.lexical.bm25 import BM25, LexicalIndex
from corpus_tuner.indexes.lexical.postings import write_postings
from corpus_tuner.indexes.lexical.terms import extract_terms
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.text.passages import get_full_text

Scores = npt.NDArray[np.floating[Any]]
Weights = Mapping[str, Any]
"""Tensors by name."""

_CUTOFF = 10
_RESAMPLES = 1_000
_BATCH = 32


class Retrieval(NamedTuple):
    """nDCG@10 of the pseudo-queries.

    Attributes
    ----------
    ndcg
        Values of every pseudo-query in hybrid search, shape (documents, 2).
    dense
        Mean in dense search.
    """

    ndcg: npt.NDArray[np.float64]
    dense: float

    @property
    def mean(self) -> float:
        """Mean in hybrid search."""
        return float(self.ndcg.mean())


class HeldOutEvaluation(BaseEvaluator):  # type: ignore[misc]
    """Evaluation of encoders by pseudo-queries of held-out documents."""

    def __init__(
        self,
        held_out: Sequence[Document],
        others: Sequence[Document],
        languages: Languages,
        recipe: Recipe,
        seed: int = 0,
    ) -> None:
        super().__init__()
        chance = random.Random(seed)
        taken = (take_out_sentence(one, languages.detect(one), chance) for one in held_out)
        pairs = [one for one in taken if one]
        self._documents = len(pairs)
        self._texts = [get_full_text(one.rest) for one in pairs]
        self._texts += [get_full_text(document) for document in others]
        self._queries = [query for one in pairs for query in one.queries]
        weights = recipe.search.hybrid
        self._dense_weight = weights.passage + weights.views
        self._lexical_scores = np.zeros((len(self._queries), len(self._texts)))
        if recipe.lexical:
            lexical = recipe.lexical.model_copy(update={"languages": languages.codes})
            for ranker in lexical.rankers:
                scores = self._score_lexical(ranker, lexical, getattr(recipe.search, ranker))
                self._lexical_scores += getattr(weights, ranker) * _normalize_rows(scores)

    def _score_lexical(self, ranker: LexicalRanker, lexical: LexicalSettings, bm25: BM25) -> Scores:
        """Return BM25 scores of shape (queries, documents)."""
        with TemporaryDirectory() as folder:
            documents = (extract_terms(ranker, text, lexical) for text in self._texts)
            write_postings(documents, Path(folder), ranker)
            one = np.ones(len(self._texts), np.int32)
            index = LexicalIndex([Path(folder)], ranker, lexical, one, one.astype(bool))
            return np.stack([index.score(query, bm25) for query in self._queries])

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return nDCG@10 in hybrid search, for the trainer of sentence-transformers."""
        return {"ndcg": round(self.measure(model).mean, 5)}

    def measure(self, model: SentenceTransformer) -> Retrieval:
        """Search for all pseudo-queries with a model."""
        queries = _encode(model, self._queries, "query")
        similarities = queries @ _encode(model, self._texts, "document").T
        hybrid = self._dense_weight * _normalize_rows(similarities) + self._lexical_scores
        return Retrieval(self._compute_ndcg(hybrid), float(self._compute_ndcg(similarities).mean()))

    def _compute_ndcg(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return nDCG@10 of every pseudo-query, given scores of shape (queries, documents)."""
        targets = np.repeat(np.arange(self._documents), 2)
        own = scores[np.arange(len(targets)), targets]
        ranks = (scores >= own[:, None]).sum(axis=1)
        ndcg = np.where(ranks <= _CUTOFF, 1 / np.log2(1 + ranks), 0.0)
        return np.asarray(ndcg.reshape(-1, 2))

    def choose_share(
        self,
        model: SentenceTransformer,
        base: Weights,
        tuned: Weights,
        before: Retrieval,
        shares: Sequence[float],
        seed: int,
    ) -> TuningVerdict:
        """Choose the share of the tuned weights in the interpolation, and load it into the model.

        `before` is the retrieval of the base; a share of 0 differs from it by the token weights.
        """
        by_share = {
            share: self.measure(_interpolate(model, base, tuned, share)) for share in shares
        }
        verdict = self._judge(before, by_share, seed)
        _interpolate(model, base, tuned, verdict.share)
        return verdict

    def _judge(
        self, before: Retrieval, by_share: Mapping[float, Retrieval], seed: int
    ) -> TuningVerdict:
        """Measure the gain of the best share by documents that did not choose it."""
        halves = [np.arange(self._documents) % 2 == half for half in (0, 1)]
        gains = np.zeros(self._documents)
        for choosing, measuring in (halves, halves[::-1]):
            best = by_share[select_share(by_share, choosing)]
            gains[measuring] = (best.ndcg - before.ndcg)[measuring].mean(axis=1)
        chosen = select_share(by_share, np.ones(self._documents, bool))
        draws = np.random.default_rng(seed).integers(0, len(gains), (_RESAMPLES, len(gains)))
        # The test is one-sided: the lower bound of 90 % is exceeded by chance in 5 %.
        low, high = np.quantile(gains[draws].mean(axis=1), [0.05, 0.95])
        return TuningVerdict(
            queries=2 * self._documents,
            candidates=len(self._texts),
            base=round(before.mean, 4),
            by_share={share: round(retrieval.mean, 4) for share, retrieval in by_share.items()},
            share=chosen,
            dense=(round(before.dense, 4), round(by_share[chosen].dense, 4)),
            gain=round(float(gains.mean()), 4),
            interval=(round(float(low), 4), round(float(high), 4)),
            better=bool(low > 0 and by_share[chosen].mean > before.mean),
        )


def select_share(by_share: Mapping[float, Retrieval], chosen: npt.NDArray[np.bool_]) -> float:
    """Return the smallest share whose mean is within one standard error of the best.

    The one-standard-error rule (Breiman et al., "Classification and Regression Trees", 1984):
    pseudo-queries differ from real ones, so a small gain on them does not justify other weights.
    """
    means = {share: one.ndcg[chosen].mean(axis=1) for share, one in by_share.items()}
    best = max(means.values(), key=lambda ndcg: float(ndcg.mean()))

    def is_close(ndcg: npt.NDArray[np.float64]) -> bool:
        behind = best - ndcg
        return bool(behind.mean() <= behind.std() / np.sqrt(len(behind)))

    return min(share for share, ndcg in means.items() if is_close(ndcg))


def _normalize_rows(scores: Scores) -> Scores:
    """Return z-scores of every query, of scores of shape (queries, documents)."""
    return np.stack([normalize_scores(row, "zscore") for row in scores])


def _interpolate(
    model: SentenceTransformer, base: Weights, tuned: Weights, share: float
) -> SentenceTransformer:
    """Load weights between those of the base, 0, and the tuned ones, 1."""
    model.load_state_dict(
        {
            name: own + share * (tuned[name] - own) if own.is_floating_point() else own
            for name, own in base.items()
        }
    )
    return model


def _encode(model: SentenceTransformer, texts: Sequence[str], role: str) -> Any:
    prompt = get_model_prompt(model, role)
    return model.encode(
        [f"{prompt}{text}" for text in texts],
        batch_size=_BATCH,
        prompt="",
        normalize_embeddings=True,
        show_progress_bar=False,
    )
