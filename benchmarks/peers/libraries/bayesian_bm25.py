"""bayesian-bm25, the fusions of its README: balanced log odds, and conjunction of log odds.

BM25 is as in its benchmark, by bm25s with stop words and a stemmer, vectors are compared exactly.
It has no way to save an index, so the tokens are saved, and indexed when they are opened.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer
from bayesian_bm25 import BayesianBM25Scorer, cosine_to_probability, log_odds_conjunction
from bayesian_bm25.fusion import balanced_log_odds_fusion

from benchmarks.peers.worker import Document, Encode, Search

LANGUAGES = {"en": "english", "de": "german"}


def tokenize(texts: list[str], language: str) -> list[list[str]]:
    stemmer = Stemmer.Stemmer(LANGUAGES[language])
    tokens: list[list[str]] = bm25s.tokenize(
        texts, stopwords=language, stemmer=stemmer, return_ids=False, show_progress=False
    )
    return tokens


def fuse_log_odds(words: np.ndarray, cosines: np.ndarray) -> Any:
    return log_odds_conjunction(np.stack([words, cosine_to_probability(cosines)], axis=-1))


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    texts = [document.full_text for document in documents]
    folder.mkdir()
    np.save(folder / "vectors.npy", encode(texts))
    saved = {"ids": [document.id for document in documents], "tokens": tokenize(texts, language)}
    (folder / "tokens.json").write_text(json.dumps(saved), encoding="utf-8")


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    saved = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
    vectors = np.load(folder / "vectors.npy")
    scorer = BayesianBM25Scorer(k1=1.2, b=0.75, method="lucene", base_rate="auto")
    scorer.index(saved["tokens"], show_progress=False)

    def search(fuse: Callable[..., Any], query: str, k: int) -> list[str]:
        words = scorer.get_probabilities(tokenize([query], language)[0])
        cosines = vectors @ encode([query])[0]
        best = [np.argsort(-scores, kind="stable")[:k] for scores in (words, cosines)]
        candidates = np.union1d(*best)
        scores = fuse(words[candidates], cosines[candidates])
        return [saved["ids"][row] for row in candidates[np.argsort(-scores, kind="stable")[:k]]]

    return {
        "bayesian-bm25, balanced": partial(search, balanced_log_odds_fusion),
        "bayesian-bm25, log odds": partial(search, fuse_log_odds),
    }
