"""Reload of an index that has changed, without interrupting searches."""

import asyncio
import json
import logging
import threading

from corpus_tuner.errors import CorpusTunerError, SearchIndexError
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.server.tokens import Restriction

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
        self._restricting = threading.Lock()
        self._restricted: dict[str, Searcher] = {}
        self._restricted_of: Manifest | None = None

    def restrict(self, restriction: Restriction | None) -> Searcher:
        """Return the searcher, restricted to the documents that pass the filter of a token.

        Raises
        ------
        CorpusTunerError
            If the index has no documents that the filter could be about; it names their fields, so
            only the log of the service may have the message.
        """
        if restriction is None:
            return self.searcher
        key = json.dumps(restriction, sort_keys=True)
        with self._restricting:
            manifest = self.searcher.manifest
            if self._restricted_of is not manifest:
                self._restricted_of, self._restricted = manifest, {}
            if key not in self._restricted:
                try:
                    self._restricted[key] = self.searcher.restrict(restriction)
                except SearchIndexError as error:
                    raise CorpusTunerError(f"the filter {key} of a token: {error}") from error
            return self._restricted[key]

    async def reload_periodically(self) -> None:
        """Reload periodically, searched or not: the files of old segments are released."""
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.reload)

    def reload(self) -> str:
        """Open the index as it is now; warn once of every reason why that is impossible.

        Returns
        -------
        The reason; an empty string if the current index is open.
        """
        with self._lock:
            warning = ""
            try:
                self.reloads += self.searcher.refresh()
            except Exception as error:  # whatever it is, the old index can be searched
                warning = str(error)
                if warning != self._warning:
                    _log.warning("the index is not reloaded: %s", warning)
            self._warning = warning
            return warning

    def close(self) -> None:
        """Close the index."""
        self.searcher.close()
