"""The verdict: whether a tuned encoder finds documents better that were kept from it.

No labels are needed: documents are asked for with a sentence that they no longer have. Both
encoders, and what lies between their weights, look for them among others; what is best by the one
half of the documents is measured by the other half.

Where the index is to have words, they look together with words and their parts, by the usual
weights: what an encoder has learnt to find as words do is worth nothing next to them.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sentence_transformers import SentenceTransformer

from corpus_tuner.calibration.pseudo_queries import HeldOut, hold_out
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders.sentence_transformer import get_model_prompt
from corpus_tuner.encoders.tuning_report import TuningVerdict
from corpus_tuner.indexes.lexical import (
    LexicalRanker,
    LexicalSettings,
    extract_query_terms,
    write_lexical,
)
from corpus_tuner.indexes.lexical.bm25 import BM25, Terms
from corpus_tuner.indexes.lexical.postings import Postings
from corpus_tuner.indexes.search.fusion import normalize_scores
from corpus_tuner.text.passages import get_full_text

Gains = npt.NDArray[np.float64]
Scores = npt.NDArray[np.floating[Any]]
Weights = Mapping[str, Any]
"""Tensors by their names."""

_CUTOFF = 10
_DRAWS = 1_000  # of the bootstrap
_BATCH = 32


class Found(NamedTuple):
    """How well pseudo-queries find their documents.

    Attributes
    ----------
    gains
        nDCG@10 of every one in the search that there will be, shape (documents, 2).
    by_vectors
        Their mean where vectors rank alone.
    """

    gains: Gains
    by_vectors: float

    @property
    def mean(self) -> float:
        """Of the gains."""
        return float(self.gains.mean())


class Trial:
    """Documents that are kept from training, and the others among which they are to be found.

    Parameters
    ----------
    held_out
        The former.
    others
        The latter.
    languages
        That all are in.
    settings
        The recipe: which terms the index is to have, how much rankers count, and the seed of the
        sentences that are taken out.
    """

    def __init__(
        self,
        held_out: Sequence[Document],
        others: Sequence[Document],
        languages: Languages,
        settings: Recipe,
    ) -> None:
        chance = random.Random(settings.encoder_tuning.seed)
        taken = (hold_out(document, languages.detect(document), chance) for document in held_out)
        self._asked: list[HeldOut] = [one for one in taken if one]
        self._texts = [get_full_text(one.rest) for one in self._asked]
        self._texts += [get_full_text(document) for document in others]
        self._queries = [query for one in self._asked for query in one.queries]
        usual = settings.search.hybrid
        self._vectors = usual.passage + usual.views
        self._words = np.zeros((len(self._queries), len(self._texts)))
        if settings.lexical:
            lexical = settings.lexical.model_copy(update={"languages": languages.codes})
            for ranker in lexical.rankers:
                found = self._scores(ranker, lexical, getattr(settings.search, ranker))
                self._words += getattr(usual, ranker) * _scaled(found)

    def _scores(self, ranker: LexicalRanker, lexical: LexicalSettings, how: BM25) -> Scores:
        """Return what every document scores for every query, shape (queries, documents)."""
        with TemporaryDirectory() as folder:
            write_lexical(self._texts, Path(folder), lexical, ranker)
            live_docs = np.ones(len(self._texts), np.bool_)
            terms = Terms([Postings(Path(folder), ranker)], live_docs)
            asked = (extract_query_terms(ranker, query, lexical) for query in self._queries)
            return np.stack([terms.scores(query, how) for query in asked])

    @property
    def documents(self) -> int:
        """How many are asked for."""
        return len(self._asked)

    def found(self, model: SentenceTransformer) -> Found:
        """Ask all pseudo-queries."""
        queries = _encode(model, self._queries, "query")
        similarities = queries @ _encode(model, self._texts, "document").T
        whole = self._gains(self._vectors * _scaled(similarities) + self._words)
        return Found(whole, float(self._gains(similarities).mean()))

    def _gains(self, found: Scores) -> Gains:
        """Return nDCG@10 of every pseudo-query, given scores of shape (queries, documents)."""
        targets = np.repeat(np.arange(len(self._asked)), 2)
        own = found[np.arange(len(targets)), targets]
        ranks = (found >= own[:, None]).sum(axis=1)
        gains = np.where(ranks <= _CUTOFF, 1 / np.log2(1 + ranks), 0.0)
        return np.asarray(gains.reshape(-1, 2))

    def choose(
        self,
        model: SentenceTransformer,
        base: Weights,
        tuned: Weights,
        before: Found,
        shares: Sequence[float],
        seed: int,
    ) -> TuningVerdict:
        """Choose how much of what was learnt is kept, and give a model these weights.

        Where nothing is better than the base, it is the best of what was tuned nonetheless.

        Parameters
        ----------
        model
            Is given the weights.
        base, tuned
            Its weights before and after training, by name.
        before
            What `found` said of the base.
        shares
            Of the trained weights, from 0 to 1; 0 where the model differs from the base even so.
        seed
            Of the bootstrap.
        """
        by_share = {share: self.found(_fill(model, base, tuned, share)) for share in shares}
        verdict = self._judge(before, by_share, seed)
        _fill(model, base, tuned, verdict.share)
        return verdict

    def _judge(self, before: Found, by_share: Mapping[float, Found], seed: int) -> TuningVerdict:
        """Measure what the best share gains, by documents that did not choose it."""
        everyone = np.ones(len(self._asked), bool)
        halves = [np.arange(len(self._asked)) % 2 == half for half in (0, 1)]
        gains = np.zeros(len(self._asked))
        for judging, judged in (halves, halves[::-1]):
            best = by_share[least_share(by_share, judging)]
            gains[judged] = (best.gains - before.gains)[judged].mean(axis=1)
        chosen = least_share(by_share, everyone)
        chance = np.random.default_rng(seed)
        draws = chance.integers(0, len(gains), (_DRAWS, len(gains)))
        # Better or not is a question with one side: the lower end is passed by chance in 5 %.
        low, high = np.quantile(gains[draws].mean(axis=1), [0.05, 0.95])
        return TuningVerdict(
            queries=2 * len(self._asked),
            candidates=len(self._texts),
            base=round(before.mean, 4),
            by_share={kept: round(found.mean, 4) for kept, found in by_share.items()},
            share=chosen,
            dense=(round(before.by_vectors, 4), round(by_share[chosen].by_vectors, 4)),
            gain=round(float(gains.mean()), 4),
            interval=(round(float(low), 4), round(float(high), 4)),
            better=bool(low > 0 and by_share[chosen].mean > before.mean),
        )


def least_share(by_share: Mapping[float, Found], judging: npt.NDArray[np.bool_]) -> float:
    """Return the least share that finds documents as well as the best one does, but for luck.

    That is, with a mean no more than one standard error lower (Breiman et al., "Classification and
    Regression Trees", 1984): pseudo-queries are not what people ask, so little gained on them is
    no reason to move away from what the base knows.

    Parameters
    ----------
    by_share
        What was found, by the share of the trained weights.
    judging
        Whose gains count, shape (documents,).
    """
    means = {kept: found.gains[judging].mean(axis=1) for kept, found in by_share.items()}
    best = max(means.values(), key=lambda gains: float(gains.mean()))

    def is_close(gains: Gains) -> bool:
        behind = best - gains
        return bool(behind.mean() <= behind.std() / np.sqrt(len(behind)))

    return min(kept for kept, gains in means.items() if is_close(gains))


def _scaled(scores: Scores) -> Scores:
    """Return scores of shape (queries, documents), every query's on the scale that all share."""
    return np.stack([normalize_scores(row, "zscore") for row in scores])


def _fill(
    model: SentenceTransformer, base: Weights, tuned: Weights, kept: float
) -> SentenceTransformer:
    """Give a model weights between those of the base, 0, and the tuned ones, 1."""
    model.load_state_dict(
        {
            name: own + kept * (tuned[name] - own) if own.is_floating_point() else own
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
