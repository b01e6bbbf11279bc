"""Whether a view is a text at all: length, characters, repetition, a question mark."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Resources, Verdict

_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"[\w\s.,;:!?'\"()/%&+\-–—’“”„‚‘»«=<>\[\]°€$#@*]")


class Settings(PluginSettings):
    """What a text must be like.

    Attributes
    ----------
    min_words, max_words
        Of a text.
    plain
        At least this share of the characters are letters, digits, spaces and usual punctuation.
    most_of_one
        One word may make up this share of the text, and must be there three times to count.
    question_mark
        Whether a question must end as one.
    """

    name: Literal["well_formed"] = "well_formed"
    min_words: PositiveInt = 2
    max_words: PositiveInt = 80
    plain: Annotated[float, Field(ge=0, le=1)] = 0.9
    most_of_one: Annotated[float, Field(gt=0, le=1)] = 0.34
    question_mark: bool = True


class Check:
    """Looks at the text alone."""

    fits = False

    def __init__(self, settings: Settings, resources: Resources, fitted: None) -> None:
        self._settings = settings

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        return [self._verdict(each.view.kind, each.view.text) for each in candidates]

    def _verdict(self, kind: str, text: str) -> Verdict:
        settings = self._settings
        words = [word.casefold() for word in _WORD.findall(text)]
        if len(words) < settings.min_words:
            return Verdict("too few words")
        if len(words) > settings.max_words:
            return Verdict("too many words")
        if len(_PLAIN.findall(text)) < settings.plain * len(text):
            return Verdict("unusual characters")
        often = max(words.count(word) for word in set(words))
        if often > 2 and often > settings.most_of_one * len(words):
            return Verdict("one word again and again")
        if settings.question_mark and kind == "question" and not text.rstrip().endswith("?"):
            return Verdict("a question without a question mark")
        return ACCEPTED
