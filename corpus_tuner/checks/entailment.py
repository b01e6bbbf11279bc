"""Whether the document bears a view out: a blank to be refilled, a sentence in support.

In the spirit of arXiv 2409.16621, with the encoder as blank-filler and verifier:

- The view's key term, its rarest word, is blanked. A document that has the word fills it in. One
  that has not may still mean it: then the word must fit the blank better than the document's own
  rarest words do, next to the sentence that is nearest to the view.
- That sentence must be near enough to support the view. It is kept as the view's explanation.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeInt

from corpus_tuner.checks import Candidate, Resources, Verdict
from corpus_tuner.checks._vectors import vectors_of
from indexes.encoders import Vectors
from indexes.registry import PartSettings
from indexes.words import words_of

_WORD = re.compile(r"\w+")


class Settings(PartSettings):
    """How much is asked of a document.

    Attributes
    ----------
    support
        The least cosine of the view and the sentence that supports it.
    rivals
        So many of the document's own words compete for the blank; 0 leaves the blank-filler out.
    """

    name: Literal["entailment"] = "entailment"
    support: Annotated[float, Field(ge=-1, le=1)] = 0.35
    rivals: NonNegativeInt = 5


class _Blank(NamedTuple):
    """A view whose key term its document does not have."""

    place: int
    fillings: list[str]  # the view itself first, then with each rival in the place of the term


class Check:
    """Looks for the sentence that bears a view out, and for its key term."""

    def __init__(self, settings: Settings, resources: Resources) -> None:
        self._settings = settings
        self._encoder = resources.encoder

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        own, written = vectors_of(candidates, self._encoder)
        verdicts = []
        nearest = []
        for candidate, vector in zip(candidates, written, strict=True):
            near = np.round(own[candidate.document.id] @ vector, 6)
            spoken = [view.kind != "passage" for view in candidate.own]
            if any(spoken):  # a whole passage explains nothing
                near = np.where(spoken, near, -1)
            best = int(np.argmax(near))
            nearest.append(own[candidate.document.id][best])
            supported = float(near[best]) >= self._settings.support
            reason = "" if supported else "no sentence supports it"
            verdicts.append(Verdict(reason, candidate.own[best].text if supported else ""))
        if self._settings.rivals:
            standing = [place for place, each in enumerate(verdicts) if not each.reason]
            for place in self._misfits(candidates, standing, nearest):
                verdicts[place] = Verdict("its key term does not fit the document")
        return verdicts

    def _misfits(
        self, candidates: Sequence[Candidate], places: list[int], nearest: list[Vectors]
    ) -> list[int]:
        """Return the places of views whose key term fits worse than a word of the document."""
        blanks = self._blanks(candidates, places)
        texts = [text for blank in blanks for text in blank.fillings]
        self._encoder.remember_more(texts)
        vectors = self._encoder.encode_documents(texts)
        misfits = []
        start = 0
        for place, fillings in blanks:
            fits = np.round(vectors[start : start + len(fillings)] @ nearest[place], 6)
            start += len(fillings)
            if len(fits) > 1 and fits[0] < fits[1:].max():
                misfits.append(place)
        return misfits

    def _blanks(self, candidates: Sequence[Candidate], places: list[int]) -> list[_Blank]:
        """Blank the key term of each view whose document does not have it."""
        views = {place: _WORD.findall(candidates[place].view.text) for place in places}
        documents = {
            each.document.id: _WORD.findall(f"{each.document.title} {each.document.text}")
            for each in candidates
        }
        spelled = {word for words in (*views.values(), *documents.values()) for word in words}
        stem = _stems(sorted(spelled), candidates[0].language)
        own = {
            name: {stem[word]: word for word in reversed(words) if word in stem}
            for name, words in documents.items()
        }
        frequency = Counter(each for stems in own.values() for each in stems)
        blanks = []
        for place, words in views.items():
            terms = [word for word in words if word in stem]
            if not terms:
                continue
            key = min(terms, key=lambda word: (frequency[stem[word]], -len(word), word))
            there = own[candidates[place].document.id]
            if stem[key] in there:
                continue
            used = {stem[word] for word in terms}
            rivals = sorted(there.keys() - used, key=lambda each: (frequency[each], each))
            text = candidates[place].view.text
            blank = re.compile(rf"\b{re.escape(key)}\b")
            fillings = [blank.sub(there[rival], text) for rival in rivals[: self._settings.rivals]]
            blanks.append(_Blank(place, [text, *fillings]))
        return blanks


def _stems(words: Sequence[str], language: str) -> dict[str, str]:
    """Return the stem of each word that is no stop word."""
    found = words_of(words, language)
    return {word: stems[0] for word, stems in zip(words, found, strict=True) if stems}
