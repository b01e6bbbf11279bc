"""Whether the document bears a view out: a key term that it means, a sentence in support.

In the spirit of arXiv 2409.16621, with the encoder as verifier:

- A document that has the view's key term, its rarest word, means it. One that has not may still do
  so: then the word must be nearer to the sentence that is nearest to the view than the document's
  own rarest words are, all of them encoded by themselves.
- That sentence must be near enough to support the view. It is stored as the view's explanation.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.encoders import Encoder, Vectors
from corpus_tuner.generation.checks import Candidate, Verdict
from corpus_tuner.indexes.lexical.words import extract_words

_WORD = re.compile(r"\w+")
_RIVALS = 5  # words of the document that compete with a key term


class Settings(PluginSettings):
    """Settings of this check.

    Attributes
    ----------
    support
        Minimum cosine similarity of the view and the sentence that supports it.
    """

    name: Literal["entailment"] = "entailment"
    support: Annotated[float, Field(ge=-1, le=1)] = 0.35


class _Contest(NamedTuple):
    """A view whose key term its document does not have.

    Attributes
    ----------
    position
        Position of the candidate.
    words
        The key term, and its rivals behind it.
    """

    position: int
    words: list[str]


class Check:
    """Looks for the sentence that bears a view out, and for its key term."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings
        self._encoder = encoder

    def judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Return one verdict for each candidate."""
        verdicts = []
        nearest = []
        for candidate in candidates:
            near = np.array(candidate.similarities)
            spoken = [view.kind != "passage" for view in candidate.own]
            if any(spoken):  # a whole passage explains nothing
                near = np.where(spoken, near, -1)
            best = int(np.argmax(near))
            nearest.append(candidate.own_vectors[best])
            supported = float(near[best]) >= self._settings.support
            reason = "" if supported else "no sentence supports it"
            verdicts.append(Verdict(reason, candidate.own[best].text if supported else ""))
        standing = [number for number, verdict in enumerate(verdicts) if not verdict.reason]
        for position in self._misfits(candidates, standing, nearest):
            verdicts[position] = Verdict("its key term does not fit the document")
        return verdicts

    def _misfits(
        self, candidates: Sequence[Candidate], positions: list[int], nearest: list[Vectors]
    ) -> list[int]:
        """Return the positions of views whose key term fits worse than a word of the document."""
        contests = self._contests(candidates, positions)
        words = [word for contest in contests for word in contest.words]
        vectors = iter(self._encoder.encode_documents(words))
        misfits = []
        for position, contesting in contests:
            rows = np.stack(list(islice(vectors, len(contesting))))
            key, *rivals = np.round(rows @ nearest[position], 6)
            if rivals and key < max(rivals):
                misfits.append(position)
        return misfits

    def _contests(self, candidates: Sequence[Candidate], positions: list[int]) -> list[_Contest]:
        """Return the key terms that are not in the document, with its own rarest words."""
        document = candidates[0].document
        views = {position: _WORD.findall(candidates[position].view.text) for position in positions}
        own_words = _WORD.findall(f"{document.title} {document.text}")
        spelled = {word for words in (*views.values(), own_words) for word in words}
        stem = _stems(sorted(spelled), candidates[0].language)
        own = {stem[word]: word for word in reversed(own_words) if word in stem}
        rarity = self._rarity([*stem, *own.values()])
        contests = []
        for position, words in views.items():
            terms = [word for word in words if word in stem]
            if not terms:
                continue
            key = min(terms, key=lambda word: (rarity[word], word))
            if stem[key] in own:
                continue
            used = {stem[word] for word in terms}
            rivals = sorted(own.keys() - used, key=lambda rival: (rarity[own[rival]], rival))
            chosen = [own[rival] for rival in rivals[:_RIVALS]]
            contests.append(_Contest(position, [key, *chosen]))
        return contests

    def _rarity(self, words: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return what orders words, the rarest first.

        Whatever the corpus, a word that the encoder's vocabulary has in more pieces is a rarer one;
        among equals the longer one is.
        """
        pieces = self._encoder.count_tokens(words)
        return {word: (-count, -len(word)) for word, count in zip(words, pieces, strict=True)}


def _stems(words: Sequence[str], language: str) -> dict[str, str]:
    """Return the stem of each word that is no stop word."""
    return {word: stems[0] for word in words if (stems := extract_words(word, language))}
