"""The index as it is now: switched when it was built again, without a search being cut off."""

import logging
import threading
import time

from corpus_tuner.indexes.errors import SearchIndexError
from corpus_tuner.indexes.search.searcher import Searcher

_log = logging.getLogger(__name__)


class Live:
    """A searcher that follows its index.

    Parameters
    ----------
    searcher
        Open; it is closed by `close`.
    interval
        Seconds between looks at the index; 0 for never.
    """

    def __init__(self, searcher: Searcher, interval: float) -> None:
        self.switched = 0
        self._searcher = searcher
        self._interval = interval
        self._next = time.monotonic() + interval
        self._looking = threading.Lock()
        self._warning = ""

    def searcher(self) -> Searcher:
        """Return the searcher, of the index as it is now; the old one where that cannot be had."""
        due = self._interval and time.monotonic() >= self._next
        # Where another thread looks already, this one goes on with what there is.
        if due and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._searcher

    def look(self) -> None:
        """Switch to the index as it is now, whenever the next look would be."""
        with self._looking:
            self._look()

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()

    def _look(self) -> None:
        """Switch to the index if it was built again; warn once of every reason why it cannot be."""
        self._next = time.monotonic() + self._interval
        warning = ""
        try:
            self.switched += self._searcher.refresh()
        except (SearchIndexError, OSError) as error:
            warning = str(error)
            if warning != self._warning:
                _log.warning("the index is not switched: %s", warning)
        self._warning = warning
