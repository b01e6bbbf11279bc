"""Keywords and summaries from the document's own words, chosen with the encoder; no other model.

Keywords are the phrases nearest to the document, as in KeyBERT (Grootendorst 2020); a summary is
the sentences nearest to their centroid, as in Rossiello et al., "Centroid-based Text
Summarization through Compositionality of Word Embeddings", MultiLing 2017. Both are chosen for
diversity by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from corpus_tuner.core.documents import Document
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.core.stop_words import stopwords
from corpus_tuner.encoders import Encoder, Span, Vectors
from corpus_tuner.generation.generators import Written
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.text.views import Quote, find_sentences, get_title_span, spread

VERSION = 5
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
_PHRASES = 6  # in a line of keywords
_PHRASE_WORDS = 3  # in the longest phrase
_CANDIDATES = 30  # phrases of a document that are compared with it: the most frequent ones
_SUMMARY_SENTENCES = 2
_DIVERSITY = 0.3  # from 0 (the nearest, however similar) to 1 (the most different)
_MIN_WORDS = 4  # of a sentence in a summary
_MAX_SENTENCES = 64  # spread over the document, of which a summary is made


class Settings(PluginSettings):
    """Settings of extraction.

    Attributes
    ----------
    kinds
        Kinds of views to extract: ``keywords``, ``summary`` or both.
    """

    name: Literal["extractive"] = "extractive"
    kinds: tuple[Literal["keywords", "summary"], ...] = ("keywords", "summary")


class Generator:
    """Chooses phrases and sentences; a document with none that fit gets no view."""

    invents = False

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self.kinds: tuple[str, ...] = settings.kinds
        self.identity = f"extractive {VERSION} {encoder.fingerprint[:16]}"

    def spans(self, document: Document, language: str) -> list[Span]:
        """Return where sentences and phrases stand that may be chosen."""
        quotes = _sentences(document, language)
        if "keywords" in self.kinds:
            quotes += self._phrases(document, language)
        return [quote.span for quote in quotes]

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        """Extract keywords or a summary from every document."""
        extract = self._summary if instruction.kind == "summary" else self._keywords
        return [extract(reading, instruction.language) for reading in readings]

    def _keywords(self, reading: EncodedDocument, language: str) -> Written:
        # A document's centre is that of its sentences, so a long one counts to its end.
        spans = [quote.span for quote in _sentences(reading.document, language)]
        centre = reading.combine_vectors(spans) if spans else reading.vectors[0]
        phrases = self._phrases(reading.document, language)
        rows = reading.get_vectors([phrase.span for phrase in phrases])
        chosen = self._choose(rows, centre, _PHRASES)
        # A line of keywords is no span: encoded by itself it finds more than its phrases' mean.
        line = ", ".join(phrases[position].text for position in chosen)
        return Written((line,) if line else ())

    def _summary(self, reading: EncodedDocument, language: str) -> Written:
        sentences = _sentences(reading.document, language)
        spans = [quote.span for quote in sentences]
        if not spans:
            return Written(())
        centre = reading.combine_vectors(spans)
        chosen = self._choose(reading.get_vectors(spans), centre, _SUMMARY_SENTENCES)
        summary = [sentences[position] for position in sorted(chosen)]
        text = " ".join(quote.text for quote in summary)
        return Written((text,), spans=(tuple(quote.span for quote in summary),))

    def _phrases(self, document: Document, language: str) -> list[Quote]:
        """Return phrases that do not begin or end with a stop word, the most frequent first."""
        stop = frozenset(_STOP_WORDS.get(language, ()))
        counts: Counter[str] = Counter()
        first: dict[str, Quote] = {}
        for words in _stretches(document):
            edge = [len(word.text) > 2 and word.text.lower() not in stop for word in words]
            for start in range(len(words)):
                for end in range(start + 1, min(start + _PHRASE_WORDS, len(words)) + 1):
                    if edge[start] and edge[end - 1]:
                        phrase = " ".join(word.text for word in words[start:end])
                        counts[phrase.lower()] += 1
                        span = (words[start].span[0], words[end - 1].span[1])
                        first.setdefault(phrase.lower(), Quote(phrase, span))
        # most_common keeps the order of first appearance among equals.
        return [first[phrase] for phrase, _ in counts.most_common(_CANDIDATES)]

    def _choose(self, rows: Vectors, target: Vectors, most: int) -> list[int]:
        """Return the positions of rows near `target` and unlike each other, the best first."""
        near = np.round(rows @ target, 6)
        alike = np.zeros(len(rows), dtype=np.float32)
        chosen: list[int] = []
        for _ in range(min(most, len(rows))):
            relevance = (1 - _DIVERSITY) * near - _DIVERSITY * alike
            relevance[chosen] = -np.inf
            best = int(np.argmax(relevance))
            chosen.append(best)
            alike = np.maximum(alike, np.round(rows @ rows[best], 6))
        return chosen


def _sentences(document: Document, language: str) -> list[Quote]:
    return spread(find_sentences(document, language, _MIN_WORDS), _MAX_SENTENCES)


def _stretches(document: Document) -> Iterator[list[Quote]]:
    """Yield the words of stretches that no punctuation parts; the title is a stretch of its own."""
    whole = get_full_text(document)
    _, border = get_title_span(document)
    for part_start, part in ((0, whole[:border]), (border, whole[border:])):
        start = 0
        for gap in (*_BREAK.finditer(part), None):
            end = gap.start() if gap else len(part)
            yield [
                Quote(word[0], (part_start + word.start(), part_start + word.end()))
                for word in _WORD.finditer(part, start, end)
            ]
            start = gap.end() if gap else end
