"""Whether a view is in the requested language."""

from collections.abc import Sequence
from typing import Literal

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Verdict
from corpus_tuner.text.language_detection import detect_language

_MIN_WORDS = 6  # shorter texts pass: names and terms are alike in many languages
_CONFIDENCE = 0.95  # least probability of another language at which a text is rejected


class Settings(PluginSettings):
    """A check without settings."""

    name: Literal["language"] = "language"


class Check:
    """Tells the language of each text by its characters (langid; Lui and Baldwin, ACL 2012)."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        """Take no settings."""

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        return [self._verdict(each) for each in candidates]

    def _verdict(self, candidate: Candidate) -> Verdict:
        text = candidate.view.text
        if len(text.split()) < _MIN_WORDS:
            return ACCEPTED
        language, probability = detect_language(text)
        if language == candidate.language or probability < _CONFIDENCE:
            return ACCEPTED
        return Verdict("another language")
