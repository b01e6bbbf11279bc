"""A reranker that prefers short texts, for tests of what is done with scores."""

from collections.abc import Sequence

import numpy as np
import pytest

from corpus_tuner.rerankers import Reranker
from corpus_tuner.rerankers.reranker import Scores


class Shortest:
    """Prefers short texts, and notes what it reads."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        self.read += texts
        return np.array([-len(text) for text in texts], np.float64)


def use_shortest(monkeypatch: pytest.MonkeyPatch) -> Shortest:
    """Let every reranker be this one."""
    model = Shortest()
    monkeypatch.setattr(Reranker, "open", lambda _: Reranker(model))
    return model
