"""ROUGE-L of generated texts."""

import pytest

from corpus_tuner.tuning.generator.rouge import compute_rouge_l


def test_rouge_l_is_of_words_without_case_and_accents() -> None:
    assert compute_rouge_l(["Die Mühle am Fluß"], ["die muhle am fluss"]) == pytest.approx(1)
    # The longest common subsequence is "a c": precision 2/2, recall 2/4.
    assert compute_rouge_l(["a b c d"], ["a c"]) == pytest.approx(2 / 3)
    assert compute_rouge_l(["a", "b"], ["a", "x"]) == pytest.approx(0.5)
