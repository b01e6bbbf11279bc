"""Where an index is, by what people call it: a folder, or an address."""

from pathlib import Path

from corpus_tuner.core.arguments import check_path
from corpus_tuner.indexes.qdrant.address import is_address, parse_address
from corpus_tuner.indexes.search.backend import IndexSource
from corpus_tuner.indexes.search.local_index import LocalIndexSource


def locate_index(path: str | Path | IndexSource) -> IndexSource:
    """Return where an index is.

    Raises
    ------
    SearchIndexError
        If it is neither a folder's path nor an address, or the address cannot be used.
    """
    if isinstance(path, IndexSource):
        return path
    if is_address(path):
        from corpus_tuner.indexes.qdrant.index import QdrantSource

        return QdrantSource(parse_address(str(path)))
    return LocalIndexSource(check_path(path, "path"))
