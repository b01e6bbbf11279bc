"""The check entailment."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from corpus_tuner.generation.checks import (
    Verdict,
)
from tests.generation.checks.judging import Written, judge_views


def test_entailment_keeps_the_sentence_in_support(encoder: Any) -> None:
    (verdict,) = judge_views(encoder, "entailment", Written("the mill grinds wheat"), support=-1)
    assert verdict == Verdict("", "The mill grinds wheat.")
    (verdict,) = judge_views(encoder, "entailment", Written("a doctor"), support=1)
    assert verdict == Verdict("no sentence supports it", "", "entailment")


class Knowing:
    """An encoder that reads one word as it is taught to."""

    def __init__(self, encoder: Any, word: str, vector: Any) -> None:
        self._encoder = encoder
        self._word, self._vector = word, vector
        self.count_tokens, self.fingerprint = encoder.count_tokens, encoder.fingerprint

    def encode_documents(self, texts: Sequence[str]) -> Any:
        vectors = self._encoder.encode_documents(texts)
        for row, text in enumerate(texts):
            if text == self._word:
                vectors[row] = self._vector
        return vectors


def test_a_key_term_must_be_nearer_than_the_documents_own_rarest_words(encoder: Any) -> None:
    # "buckwheat" is not in the document, which may mean it nevertheless, or not.
    invented = Written("the mill grinds buckwheat.")
    with patch("corpus_tuner.generation.checks.entailment._RIVALS", 0):
        (verdict,) = judge_views(encoder, "entailment", invented, support=-1)
    (near,) = encoder.encode_documents([verdict.support])
    meant, other = (Knowing(encoder, "buckwheat", vector) for vector in (near, -near))
    assert judge_views(meant, "entailment", invented, support=-1) == [verdict]
    (verdict,) = judge_views(other, "entailment", invented, support=-1)
    assert verdict.reason == "its key term does not fit the document"
    assert not judge_views(other, "entailment", Written("the mill, grinding"), support=-1)[0].reason
