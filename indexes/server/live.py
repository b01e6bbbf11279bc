"""The index as it is now: switched when it was built again, without a search being cut off."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.search.fusion import Mode
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.store.documents import Document, View

_log = logging.getLogger(__name__)


class Live:
    """A searcher that follows its index.

    Parameters
    ----------
    searcher
        Open; it is closed by `close`.
    every
        Seconds between looks at the index; 0 for never.
    """

    def __init__(self, searcher: Searcher, every: float) -> None:
        self.searcher = searcher
        self.switched = 0
        self._every = every
        self._next = time.monotonic() + every
        self._looking = threading.Lock()
        self._told = ""

    def search(
        self, queries: Sequence[str], k: int, mode: Mode | None, filter: dict[str, Any] | None
    ) -> list[list[Hit]]:
        """Search the index as it is now."""
        self._follow()
        return self.searcher.search(queries, k, mode, filter=filter)

    def document(self, id_: str) -> tuple[Document, list[View]] | None:
        """Return a document and its views."""
        return self.searcher.document(id_)

    def close(self) -> None:
        """Close the index."""
        self.searcher.close()

    def _follow(self) -> None:
        if not self._every or time.monotonic() < self._next:
            return
        if not self._looking.acquire(blocking=False):
            return  # another thread does it
        try:
            self._next = time.monotonic() + self._every
            self.switched += self.searcher.refresh()
            self._told = ""
        except SearchIndexError as error:  # the old one still answers
            if str(error) != self._told:
                _log.warning("the index is not switched: %s", error)
                self._told = str(error)
        finally:
            self._looking.release()
