"""BM25 by bm25s: scores are computed when indexing, memory-mapped when searching.

The formula is Lucene's. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; Lù, "BM25S", arXiv 2407.03618.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import bm25s
import numpy as np
import numpy.typing as npt
from pydantic import Field

from indexes.errors import SearchIndexError
from indexes.lexical import LexicalSettings
from indexes.words import words_of

_FILES = {
    "data_name": "words.scores.npy",
    "indices_name": "words.documents.npy",
    "indptr_name": "words.starts.npy",
    "vocab_name": "words.json",
    "params_name": "words.settings.json",
}
_LENGTHS = "words.lengths.npy"
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
    """Index the words of texts, one for each document."""
    vocabulary: dict[str, int] = {}
    documents: list[array[int]] = []  # four bytes a word
    stream = iter(texts)
    while some := list(islice(stream, _AT_ONCE)):
        for words in words_of(some, settings.language):
            numbers = (vocabulary.setdefault(word, len(vocabulary)) for word in words)
            documents.append(array("i", numbers))
    if not vocabulary:  # bm25s wants at least one word
        vocabulary, documents = {"": 0}, [array("i", [0]) for _ in documents]
    engine = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
    engine.index((documents, vocabulary), create_empty_token=False, show_progress=False)
    engine.save(folder, **_FILES, show_progress=False)
    lengths = np.array([len(words) for words in documents], np.int32)
    np.save(folder / _LENGTHS, lengths, allow_pickle=False)


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
            self._engine = bm25s.BM25.load(folder, **_FILES, mmap=True, show_progress=False)
            lengths = np.load(folder / _LENGTHS, "r")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SearchIndexError(f"the words in {folder} are damaged: {error}") from error
        self._documents = len(lengths)
        self._mean_length = float(lengths.mean())
        self._vocabulary: dict[str, int] = self._engine.vocab_dict
        self._starts = self._engine.scores["indptr"]
        fits = len(self._starts) == len(self._vocabulary) + 1
        if not fits or self._engine.scores["num_docs"] != self._documents:
            raise SearchIndexError(f"the words in {folder} do not fit each other")

    def scores(self, query: str) -> npt.NDArray[np.float32]:
        """Return the score of every document, shape (documents,); 0 where no word is shared."""
        (words,) = words_of([query], self._settings.language)
        known = [self._vocabulary[word] for word in words if word in self._vocabulary]
        if not known:
            return np.zeros(self._documents, np.float32)
        found: npt.NDArray[np.float32] = self._engine.get_scores_from_ids(known)
        return found

    def score_text(self, query: str, text: str) -> float:
        """Return what a document of this text would score if it stood among the others."""
        own, asked = words_of([text, query], self._settings.language)
        counts = Counter(own)
        k1, b = self._settings.k1, self._settings.b
        most = k1 * (1 - b + b * len(own) / self._mean_length)
        return sum(
            self._rarity(word) * counts[word] / (counts[word] + most)
            for word in asked
            if counts[word] and word in self._vocabulary
        )

    def _rarity(self, word: str) -> float:
        """Return a word's inverse document frequency."""
        number = self._vocabulary[word]
        having = int(self._starts[number + 1] - self._starts[number])
        return math.log(1 + (self._documents - having + 0.5) / (having + 0.5))
