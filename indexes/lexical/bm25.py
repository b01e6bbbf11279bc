"""BM25 from term counts: postings by word, memory-mapped; scores are computed when searching.

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; its variants: Lù, "BM25S", arXiv 2407.03618. Scores that are computed when
indexing, as bm25s does, hold the statistics of their own segment, and cannot be compared with those
of another one.
"""

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.lexical import LexicalSettings, Statistics
from corpus_tuner.indexes.lexical.words import words_of
from corpus_tuner.indexes.representations import Scores

_VOCABULARY = "words.json"
_STARTS, _DOCUMENTS, _COUNTS, _LENGTHS = (
    f"words.{name}.npy" for name in ("starts", "documents", "counts", "lengths")
)
_AT_ONCE = 1_000  # texts


class Settings(LexicalSettings):
    """The usual parameters; by default those of Anserini, which suit short and long documents.

    Attributes
    ----------
    k1
        How soon more of the same word stops counting.
    b
        How much a long text is held against a document, from 0 to 1.
    """

    name: Literal["bm25"] = "bm25"
    k1: Annotated[float, Field(ge=0)] = 0.9
    b: Annotated[float, Field(ge=0, le=1)] = 0.4


def write(texts: Iterable[str], folder: Path, settings: Settings) -> None:
    """Index the words of texts, one per document.

    The files are ``words.json``, the words in the order of their numbers; ``words.starts.npy``,
    int64, where the postings of every word begin, and the end; ``words.documents.npy``, int32, and
    ``words.counts.npy``, the document and the count of every posting; and ``words.lengths.npy``,
    int32, how many words every document has.
    """
    vocabulary: dict[str, int] = {}
    numbers, documents, counts, lengths = (array("i") for _ in range(4))
    stream = iter(texts)
    while chunk := list(islice(stream, _AT_ONCE)):
        for words in words_of(chunk, settings.language):
            for word, count in Counter(words).items():
                numbers.append(vocabulary.setdefault(word, len(vocabulary)))
                documents.append(len(lengths))
                counts.append(count)
            lengths.append(len(words))
    words_of_postings = np.array(numbers, np.int32)
    order = np.argsort(words_of_postings, kind="stable")
    sizes = np.bincount(words_of_postings, minlength=len(vocabulary))
    largest = np.min_scalar_type(max(counts, default=0))
    (folder / _VOCABULARY).write_text(json.dumps(list(vocabulary)), encoding="utf-8")
    for name, values in (
        (_STARTS, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)),
        (_DOCUMENTS, np.array(documents, np.int32)[order]),
        (_COUNTS, np.array(counts, largest)[order]),
        (_LENGTHS, np.array(lengths, np.int32)),
    ):
        np.save(folder / name, values, allow_pickle=False)


class Engine:
    """The words of one segment's documents.

    Raises
    ------
    SearchIndexError
        If its files cannot be read or do not fit each other.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        try:
            words = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
            self._vocabulary = {word: number for number, word in enumerate(words)}
            self._starts, self._documents, self._counts, lengths = (
                np.load(folder / name, "r") for name in (_STARTS, _DOCUMENTS, _COUNTS, _LENGTHS)
            )
        except (OSError, ValueError, TypeError) as error:
            raise SearchIndexError(f"the words in {folder} are damaged: {error}") from error
        self._lengths: npt.NDArray[np.int32] = lengths
        fits = self._starts.shape == (len(words) + 1,) and self._starts[-1] == len(
            self._documents
        ) == len(self._counts)
        if not fits:
            raise SearchIndexError(f"the words in {folder} do not fit each other")
        self._made_for = Statistics(0, 0)
        self._made = np.zeros(0)
        self.statistics = Statistics(len(lengths), int(lengths.sum(dtype=np.int64)))

    def frequency(self, word: str) -> int:
        """Return how many documents have a word."""
        number = self._vocabulary.get(word)
        return 0 if number is None else int(self._starts[number + 1] - self._starts[number])

    def scores(
        self, query: Sequence[str], frequencies: Mapping[str, int], whole: Statistics
    ) -> Scores:
        """Return the score of every document, float64, shape (documents,)."""
        scores = np.zeros(len(self._lengths))
        halves = self._halves(whole)
        for word, times in Counter(query).items():
            number = self._vocabulary.get(word)
            if number is None:
                continue
            postings = slice(self._starts[number], self._starts[number + 1])
            documents = self._documents[postings]
            counts = self._counts[postings].astype(np.float64)
            saturated = counts / (counts + halves[documents])
            scores[documents] += times * _rarity(frequencies[word], whole) * saturated
        return scores

    def score_words(
        self,
        query: Sequence[str],
        document: Sequence[str],
        frequencies: Mapping[str, int],
        whole: Statistics,
    ) -> float:
        """Return what a document of these words would score if it stood among the others."""
        counts = Counter(document)
        half = float(self._half(np.array(len(document)), whole))
        return sum(
            _rarity(frequencies[word], whole) * counts[word] / (counts[word] + half)
            for word in query
            if counts[word] and word in frequencies
        )

    def _halves(self, whole: Statistics) -> Scores:
        """Return `_half` of all documents, made once for the statistics of an open index."""
        if self._made_for != whole:
            self._made = self._half(self._lengths, whole)
            self._made_for = whole  # last, for other threads look at it first
        return self._made

    def _half(self, lengths: npt.NDArray[Any], whole: Statistics) -> Scores:
        """Return, for documents of these lengths, the count at which a word has half its worth."""
        k1, b = self._settings.k1, self._settings.b
        mean = whole.words / whole.documents or 1.0
        return np.asarray(k1 * (1 - b + b * lengths / mean), np.float64)


def _rarity(frequency: int, whole: Statistics) -> float:
    """Return the inverse document frequency of a word that is in `frequency` documents."""
    return math.log(1 + (whole.documents - frequency + 0.5) / (frequency + 0.5))
