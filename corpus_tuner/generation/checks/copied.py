"""Whether a view says more than its document: a long run of its words adds nothing."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Annotated, Literal

from pydantic import Field

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Verdict

_MIN_WORDS = 8  # a shorter run is no copy
_WORD = re.compile(r"\w+")


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    share
        Minimum share of the words of a text, in one run, that makes it a copy.
    """

    name: Literal["copied"] = "copied"
    share: Annotated[float, Field(gt=0, le=1)] = 0.9


class Check:
    """Measures the longest common run of words with the document."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        document = candidates[0].document
        source = _words(f"{document.title} {document.text}")
        return [self._verdict(_words(candidate.view.text), source) for candidate in candidates]

    def _verdict(self, text: list[str], source: list[str]) -> Verdict:
        least = max(_MIN_WORDS, self._settings.share * len(text))
        if len(text) < least:
            return ACCEPTED
        # autojunk would leave out frequent words, of which runs are made as well.
        matcher = SequenceMatcher(None, source, text, autojunk=False)
        return Verdict("copied") if matcher.find_longest_match().size >= least else ACCEPTED


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
