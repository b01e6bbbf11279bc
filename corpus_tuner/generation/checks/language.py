"""Whether a view is in the language that was asked for."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.generation.checks import ACCEPTED, Candidate, Resources, Verdict
from corpus_tuner.text.language_detection import detect_language


class Settings(PluginSettings):
    """When the language of a text is judged.

    Attributes
    ----------
    min_words
        Shorter texts pass: names and terms are alike in many languages.
    confidence
        The least probability of another language at which a text is rejected.
    """

    name: Literal["language"] = "language"
    min_words: PositiveInt = 6
    confidence: Annotated[float, Field(ge=0.5, le=1)] = 0.95


class Check:
    """Tells the language of each text by its characters (langid; Lui and Baldwin, ACL 2012)."""

    fits = False

    def __init__(self, settings: Settings, resources: Resources, fitted: None) -> None:
        self._settings = settings

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        return [self._verdict(each) for each in candidates]

    def _verdict(self, candidate: Candidate) -> Verdict:
        text = candidate.view.text
        if len(text.split()) < self._settings.min_words:
            return ACCEPTED
        language, probability = detect_language(text)
        if language == candidate.language or probability < self._settings.confidence:
            return ACCEPTED
        return Verdict("another language")
