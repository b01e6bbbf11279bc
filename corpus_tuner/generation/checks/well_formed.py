"""Whether a view is a text at all: length, characters, repetition, a question mark."""

import re
from collections.abc import Sequence
from typing import Literal

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Verdict

_MIN_WORDS, _MAX_WORDS = 2, 80
_PLAIN_SHARE = 0.9  # of letters, digits, spaces and usual punctuation, at least
_REPEATED_SHARE = 0.34  # of one word that occurs three times or more, at most
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"[\w\s.,;:!?'\"()/%&+\-–—’“”„‚‘»«=<>\[\]°€$#@*]")


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    question_mark
        Whether a question must end with a question mark.
    """

    name: Literal["well_formed"] = "well_formed"
    question_mark: bool = True


class Check:
    """Looks at the text only."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._question_mark = settings.question_mark

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        return [self._verdict(each.view.kind, each.view.text) for each in candidates]

    def _verdict(self, kind: str, text: str) -> Verdict:
        words = [word.casefold() for word in _WORD.findall(text)]
        if len(words) < _MIN_WORDS:
            return Verdict("too few words")
        if len(words) > _MAX_WORDS:
            return Verdict("too many words")
        if len(_PLAIN.findall(text)) < _PLAIN_SHARE * len(text):
            return Verdict("unusual characters")
        often = max(words.count(word) for word in set(words))
        if often > 2 and often > _REPEATED_SHARE * len(words):
            return Verdict("one word again and again")
        if self._question_mark and kind == "question" and not text.rstrip().endswith("?"):
            return Verdict("a question without a question mark")
        return ACCEPTED
