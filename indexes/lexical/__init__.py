"""Lexical engines: documents found by the words that they share with the query.

A file here is an engine: it holds ``Settings``; ``write``, which makes a segment's files; and
``Engine``, which reads them (`corpus_tuner.indexes.registry`). A segment keeps counts. What words
are worth is a property of the corpus: `LexicalIndex` sums the counts of all segments, so the same
documents score the same in one segment or in twenty.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import Field, PositiveInt

from corpus_tuner.indexes.lexical.words import words_of
from corpus_tuner.indexes.registry import PartSettings, part, read_settings
from corpus_tuner.indexes.representations import Scores


class LexicalSettings(PartSettings):
    """What every engine must know.

    Attributes
    ----------
    language
        ISO 639-1 code, for stemming and stop words; ``None`` takes that of the corpus.
    views
        Kinds of views whose words are added to their document's, and how many times (doc2query:
        Nogueira, Yang, Lin and Cho, "Document Expansion by Query Prediction", arXiv 1904.08375).
    """

    language: str | None = None
    views: dict[str, PositiveInt] = Field(default_factory=dict)


class Statistics(NamedTuple):
    """What is known of the words of all documents.

    Attributes
    ----------
    documents
        How many there are.
    words
        How many words they have in all.
    """

    documents: int
    words: int


class LexicalEngine(Protocol):
    """The words of the documents of one segment.

    Attributes
    ----------
    statistics
        Of this segment.
    """

    statistics: Statistics

    def frequency(self, word: str) -> int:
        """Return how many documents have a word."""

    def scores(
        self, query: Sequence[str], frequencies: Mapping[str, int], whole: Statistics
    ) -> Scores:
        """Return the score of every document, float64, shape (documents,); 0 without a word shared.

        Parameters
        ----------
        query
            Its words, each as often as it is there.
        frequencies
            In how many documents of all segments each of them is.
        whole
            Statistics of all segments.
        """

    def score_words(
        self,
        query: Sequence[str],
        document: Sequence[str],
        frequencies: Mapping[str, int],
        whole: Statistics,
    ) -> float:
        """Return what a document of these words would score if it stood among the others."""


class LexicalIndex:
    """The words of all segments of an index.

    Parameters
    ----------
    engines
        One per segment.
    language
        ISO 639-1 code, for stemming and stop words.
    """

    def __init__(self, engines: Sequence[LexicalEngine], language: str | None) -> None:
        self._engines = engines
        self._language = language
        counts = [engine.statistics for engine in engines]
        self._whole = Statistics(*(sum(column) for column in zip(*counts, strict=True)))

    def scores(self, query: str) -> list[Scores]:
        """Return for every segment the score of every document; 0 where no word is shared."""
        (words,) = words_of([query], self._language)
        frequencies = self._frequencies(words)
        return [engine.scores(words, frequencies, self._whole) for engine in self._engines]

    def score_text(self, query: str, text: str) -> float:
        """Return what a document of this text would score if it stood among the others."""
        document, words = words_of([text, query], self._language)
        frequencies = self._frequencies(words)
        return self._engines[0].score_words(words, document, frequencies, self._whole)

    def _frequencies(self, words: Iterable[str]) -> dict[str, int]:
        found = {
            word: sum(engine.frequency(word) for engine in self._engines)
            for word in dict.fromkeys(words)
        }
        return {word: count for word, count in found.items() if count}


def write_lexical(texts: Iterable[str], folder: Path, settings: LexicalSettings) -> None:
    """Write the files of the engine that `settings` name, from the documents' texts."""
    part(__name__, settings.name).write(texts, folder, settings)


def open_lexical(folders: Sequence[Path], values: dict[str, object]) -> LexicalIndex:
    """Open the words of all segments.

    Parameters
    ----------
    folders
        Of the segments.
    values
        The engine's settings, as the manifest holds them.

    Raises
    ------
    SearchIndexError
        If the files are damaged.
    """
    settings = read_settings(__name__, values)
    assert isinstance(settings, LexicalSettings)
    engine = part(__name__, settings.name).Engine
    return LexicalIndex([engine(folder, settings) for folder in folders], settings.language)
