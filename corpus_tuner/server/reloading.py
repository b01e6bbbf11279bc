"""Reload of an index that has changed, without interrupting searches."""

import asyncio
import logging
import threading

from corpus_tuner.indexes.searcher import Searcher

INTERVAL = 2.0
"""Number of seconds after which the service looks for a changed index."""
_log = logging.getLogger(__name__)


class LiveSearcher:
    """Searcher of the current generation of an index.

    Parameters
    ----------
    searcher
        Open searcher; `close` closes it.
    """

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.reloads = 0
        self._lock = threading.Lock()
        self._warning = ""

    async def reload_periodically(self) -> None:
        """Reload periodically, searched or not: the files of old segments are released."""
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.reload)

    def reload(self) -> None:
        """Open the index as it is now; warn once of every reason why that is impossible."""
        with self._lock:
            warning = ""
            try:
                self.reloads += self.searcher.refresh()
            except Exception as error:  # whatever it is, the old index can be searched
                warning = str(error)
                if warning != self._warning:
                    _log.warning("the index is not reloaded: %s", warning)
            self._warning = warning

    def close(self) -> None:
        """Close the index."""
        self.searcher.close()
