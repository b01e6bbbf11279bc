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

from corpus_tuner.document_encoder import DocumentEncoder
from corpus_tuner.generators import Written
from corpus_tuner.indexes.encoders import Vectors
from corpus_tuner.indexes.registry import PartSettings
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.instructions import Instruction
from corpus_tuner.views import spread, view_sentences

VERSION = 2
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
_MAX_SENTENCES = 64  # spread over the document, of which a summary is made


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
    candidates: PositiveInt = 30
    sentences: PositiveInt = 2
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.3


class Generator:
    """Chooses phrases and sentences; a document with none that fit gets no view."""

    invents = False

    def __init__(self, settings: Settings, encoder: DocumentEncoder) -> None:
        self._settings = settings
        self._encoder = encoder
        self.kinds: tuple[str, ...] = settings.kinds
        chosen = settings.model_dump_json(exclude={"kinds"})
        self.identity = f"extractive {VERSION} {encoder.encoder.fingerprint[:16]} {chosen}"

    def generate(self, documents: Sequence[Document], instruction: Instruction) -> list[Written]:
        """Extract keywords or a summary from each document."""
        language = instruction.language
        sentences = [
            spread(view_sentences(document, language, _MIN_WORDS), _MAX_SENTENCES)
            for document in documents
        ]
        # A document's centre is that of its sentences, so a long one counts to its end. The build
        # has encoded these sentences already, as views.
        anchors = [
            own or [f"{document.title} {document.text}".strip()]
            for document, own in zip(documents, sentences, strict=True)
        ]
        vectors = self._encode(documents, anchors)
        centres = [_centre(rows) for rows in vectors]
        if instruction.kind == "summary":
            return [
                self._summary(own, rows, centre)
                for own, rows, centre in zip(sentences, vectors, centres, strict=True)
            ]
        phrases = [self._phrases(document, language) for document in documents]
        return [
            self._keywords(some, rows, centre)
            for some, rows, centre in zip(
                phrases, self._encode(documents, phrases), centres, strict=True
            )
        ]

    def _encode(
        self, documents: Sequence[Document], texts: Sequence[Sequence[str]]
    ) -> list[Vectors]:
        """Encode texts of each document."""
        ids = [document.id for document in documents]
        return list(self._encoder.encode(dict(zip(ids, texts, strict=True))).values())

    def _keywords(self, phrases: list[str], rows: Vectors, centre: Vectors) -> Written:
        chosen = self._choose(rows, centre, self._settings.phrases)
        return _written(", ".join(phrases[each] for each in chosen))

    def _summary(self, sentences: list[str], rows: Vectors, centre: Vectors) -> Written:
        if not sentences:
            return Written(())
        chosen = sorted(self._choose(rows, centre, self._settings.sentences))
        return _written(" ".join(sentences[each] for each in chosen))

    def _phrases(self, document: Document, language: str) -> list[str]:
        """Return phrases that do not begin or end with a stop word, the most frequent first."""
        text = f"{document.title}. {document.text}"
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


def _centre(rows: Vectors) -> Vectors:
    total = rows.sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _written(text: str) -> Written:
    return Written((text,) if text else ())
