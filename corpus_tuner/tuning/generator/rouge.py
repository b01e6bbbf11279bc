"""ROUGE-L of generated texts."""

import re
import unicodedata
from collections.abc import Sequence

from rouge_score.rouge_scorer import RougeScorer

_WORD = re.compile(r"\w+")


class _Tokenizer:
    """Words without case and accents, which uncased models cannot write."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text."""
        bare = unicodedata.normalize("NFKD", text.casefold())
        return _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)))


def compute_rouge_l(targets: Sequence[str], generated: Sequence[str]) -> float:
    """Return the mean ROUGE-L, the F-measure of longest common subsequences (Lin, 2004).

    Examples
    --------
    >>> round(compute_rouge_l(["a b c d"], ["a c"]), 3)  # precision 2/2, recall 2/4
    0.667
    """
    scorer = RougeScorer(["rougeL"], tokenizer=_Tokenizer())
    scores = [
        scorer.score(target, text)["rougeL"].fmeasure
        for target, text in zip(targets, generated, strict=True)
    ]
    return sum(scores) / len(scores) if scores else 0.0
