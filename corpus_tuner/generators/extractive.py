"""Keywords and summaries from the document's own words, chosen with the encoder; no other model.

Keywords are the phrases nearest to the document, as in KeyBERT (Grootendorst 2020); a summary is
the sentences nearest to their centroid, as in Rossiello et al., "Centroid-based Text
Summarization through Compositionality of Word Embeddings", MultiLing 2017. Both are chosen for
diversity by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from bm25s import stopwords
from pydantic import Field, PositiveInt

from corpus_tuner.generators import Written
from corpus_tuner.instructions import Instruction
from corpus_tuner.views import spread, view_sentences
from indexes.documents import Document
from indexes.encoders import Encoder, Vectors
from indexes.registry import PartSettings

VERSION = 1
"""Part of the generator's identity: raise it when other texts come out."""

_STOP_WORDS = {
    "da": stopwords.STOPWORDS_DANISH,
    "de": stopwords.STOPWORDS_GERMAN,
    "en": stopwords.STOPWORDS_EN_PLUS,
    "es": stopwords.STOPWORDS_SPANISH,
    "fr": stopwords.STOPWORDS_FRENCH,
    "it": stopwords.STOPWORDS_ITALIAN,
    "nl": stopwords.STOPWORDS_DUTCH,
    "pt": stopwords.STOPWORDS_PORTUGUESE,
    "sv": stopwords.STOPWORDS_SWEDISH,
}
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_BREAK = re.compile(r"[^\w\s'’-]+|\s-+\s")
_MIN_WORDS = 4  # of a sentence in a summary


class Settings(PartSettings):
    """What to extract.

    Attributes
    ----------
    kinds
        ``keywords``, ``summary`` or both.
    phrases
        In one line of keywords.
    phrase_words
        The longest phrase, in words.
    candidates
        So many phrases of a document are compared with it: the most frequent, then the first.
    sentences
        In a summary.
    diversity
        From 0 (the nearest, however alike) to 1 (the most different, however far).
    """

    name: Literal["extractive"] = "extractive"
    kinds: tuple[Literal["keywords", "summary"], ...] = ("keywords", "summary")
    phrases: PositiveInt = 6
    phrase_words: PositiveInt = 3
    candidates: PositiveInt = 40
    sentences: PositiveInt = 2
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.3


class Generator:
    """Chooses phrases and sentences; a document with none that fit gets no view."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self._settings = settings
        self._encoder = encoder
        self.kinds: tuple[str, ...] = settings.kinds
        chosen = settings.model_dump_json(exclude={"kinds"})
        self.identity = f"extractive {VERSION} {encoder.fingerprint[:16]} {chosen}"

    def generate(self, documents: Sequence[Document], instruction: Instruction) -> list[Written]:
        """Extract keywords or a summary from each document."""
        if instruction.kind == "keywords":
            return self._keywords(documents, instruction.language)
        return self._summaries(documents, instruction.language)

    def _keywords(self, documents: Sequence[Document], language: str) -> list[Written]:
        texts = [f"{each.title}. {each.text}" if each.title else each.text for each in documents]
        targets = self._encoder.encode_documents(texts)
        candidates = [self._phrases(text, language) for text in texts]
        phrases = sorted({phrase for some in candidates for phrase in some})
        vectors = self._encoder.encode_documents(phrases)
        place = {phrase: number for number, phrase in enumerate(phrases)}
        written = []
        for target, some in zip(targets, candidates, strict=True):
            rows = vectors[[place[phrase] for phrase in some]]
            chosen = self._choose(rows, target, self._settings.phrases)
            written.append(_written(", ".join(some[each] for each in chosen), rows[chosen], target))
        return written

    def _phrases(self, text: str, language: str) -> list[str]:
        """Return phrases that do not begin or end with a stop word, the most frequent first."""
        stop = frozenset(_STOP_WORDS.get(language, ()))
        counts: Counter[str] = Counter()
        spelled: dict[str, str] = {}
        for stretch in _BREAK.split(text):
            words = _WORD.findall(stretch)
            edge = [len(word) > 2 and word.lower() not in stop for word in words]
            for start in range(len(words)):
                for end in range(
                    start + 1, min(start + self._settings.phrase_words, len(words)) + 1
                ):
                    if edge[start] and edge[end - 1]:
                        phrase = " ".join(words[start:end])
                        counts[phrase.lower()] += 1
                        spelled.setdefault(phrase.lower(), phrase)
        # most_common keeps the order of first appearance among equals.
        return [spelled[phrase] for phrase, _ in counts.most_common(self._settings.candidates)]

    def _summaries(self, documents: Sequence[Document], language: str) -> list[Written]:
        most = 2 * self._settings.candidates
        sentences = [
            spread(view_sentences(document, language, _MIN_WORDS), most) for document in documents
        ]
        vectors = self._encoder.encode_documents([each for some in sentences for each in some])
        written = []
        start = 0
        for some in sentences:
            rows = vectors[start : start + len(some)]
            start += len(some)
            centroid = rows.sum(axis=0)
            target = centroid / max(float(np.linalg.norm(centroid)), 1e-9)
            chosen = sorted(self._choose(rows, target, self._settings.sentences))
            written.append(_written(" ".join(some[each] for each in chosen), rows[chosen], target))
        return written

    def _choose(self, rows: Vectors, target: Vectors, most: int) -> list[int]:
        """Return the places of rows near `target` and unlike each other, the best first."""
        near = np.round(rows @ target, 6)
        alike = np.zeros(len(rows), dtype=np.float32)
        chosen: list[int] = []
        for _ in range(min(most, len(rows))):
            worth = (1 - self._settings.diversity) * near - self._settings.diversity * alike
            worth[chosen] = -np.inf
            best = int(np.argmax(worth))
            chosen.append(best)
            alike = np.maximum(alike, np.round(rows @ rows[best], 6))
        return chosen


def _written(text: str, rows: Vectors, target: Vectors) -> Written:
    if not text:
        return Written((), ())
    return Written((text,), (round(float((rows @ target).mean()), 6),))
