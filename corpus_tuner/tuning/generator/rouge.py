"""ROUGE-L, by the library of its kind, in any language that writes words apart."""

import re
import unicodedata
from collections.abc import Sequence

from corpus_tuner.core.extras import MissingExtraError

_WORD = re.compile(r"\w+")


class _Words:
    """Words without case and accents: uncased models cannot write those."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text."""
        bare = unicodedata.normalize("NFKD", text.casefold())
        return _WORD.findall(
            "".join(letter for letter in bare if not unicodedata.combining(letter))
        )


def rouge_l(targets: Sequence[str], written: Sequence[str]) -> float:
    """Return the mean F-measure of the longest common subsequences of words (Lin, 2004).

    Raises
    ------
    MissingExtraError
        If rouge-score is not installed.

    Examples
    --------
    >>> round(rouge_l(["a b c d"], ["a c"]), 3)  # precision 2/2, recall 2/4
    0.667
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtraError("tuning a generator", "tune") from error
    scorer = RougeScorer(["rougeL"], tokenizer=_Words())
    scores = [
        scorer.score(target, text)["rougeL"].fmeasure
        for target, text in zip(targets, written, strict=True)
    ]
    return sum(scores) / len(scores) if scores else 0.0
