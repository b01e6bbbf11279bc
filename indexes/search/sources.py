"""Where an index is, by what people call it: a folder."""

from pathlib import Path

from corpus_tuner.indexes.arguments import path_of
from corpus_tuner.indexes.search.index import Source
from corpus_tuner.indexes.search.local import LocalSource


def source_of(path: str | Path) -> Source:
    """Return where an index is."""
    return LocalSource(path_of(path, "path"))
