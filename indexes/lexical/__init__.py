"""Lexical engines: documents found by the words that they share with the query.

A file here is an engine: it holds ``Settings``; ``write``, which makes its files; and ``Engine``,
which reads them (`indexes.registry`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt

from indexes.registry import PartSettings, part, read_settings


class LexicalSettings(PartSettings):
    """What every engine is told.

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


class LexicalEngine(Protocol):
    """The words of the documents of one segment."""

    def scores(self, query: str) -> npt.NDArray[np.float32]:
        """Return the score of every document, shape (documents,); 0 where no word is shared."""

    def score_text(self, query: str, text: str) -> float:
        """Return what a document of this text would score if it stood among the others."""


def write_lexical(texts: Iterable[str], folder: Path, settings: LexicalSettings) -> None:
    """Write the files of the engine that `settings` name, from all the documents' texts."""
    part(__name__, settings.name).write(texts, folder, settings)


def open_lexical(folder: Path, values: dict[str, object]) -> LexicalEngine:
    """Open the engine's files, with its settings as the manifest holds them.

    Raises
    ------
    SearchIndexError
        If they are damaged.
    """
    settings = read_settings(__name__, values)
    engine: LexicalEngine = part(__name__, settings.name).Engine(folder, settings)
    return engine
