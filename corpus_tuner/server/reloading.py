"""The index as it is now: switched when it was built again, without a search being cut off."""

import asyncio
import logging
import threading

from corpus_tuner.indexes.searcher import Searcher

_log = logging.getLogger(__name__)


class Live:
    """A searcher that follows its index.

    Parameters
    ----------
    searcher
        Open; it is closed by `close`.
    """

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.switched = 0
        self._looking = threading.Lock()
        self._warning = ""

    async def follow(self, interval: float) -> None:
        """Look at the index again and again, every so many seconds, whether or not it is searched.

        Files that a new index replaces are let go of, and their room on the disk with them.
        """
        while True:
            await asyncio.sleep(interval)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Switch to the index as it is now; warn once of every reason why it cannot be."""
        with self._looking:
            warning = ""
            try:
                self.switched += self.searcher.refresh()
            except Exception as error:  # whatever it is, the old one can be searched
                warning = str(error)
                if warning != self._warning:
                    _log.warning("the index is not switched: %s", warning)
            self._warning = warning

    def close(self) -> None:
        """Close the index."""
        self.searcher.close()
