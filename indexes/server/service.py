"""What the routes share: the open index, the batcher, the limits and the counts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from corpus_tuner.indexes.server.batching import Batcher
from corpus_tuner.indexes.server.counting import Counts
from corpus_tuner.indexes.server.live import Live
from corpus_tuner.indexes.server.schemas import RejectedView
from corpus_tuner.indexes.server.settings import ServerSettings
from corpus_tuner.indexes.store.documents import Document

Rejected = Callable[[Document], list[RejectedView]]
"""Returns what was written for a document and rejected."""

_log = logging.getLogger(__name__)


@dataclass
class Service:
    """One service.

    Attributes
    ----------
    settings
        Its limits.
    live
        The index as it is now.
    batcher
        Searches it.
    counts
        Its counts and times.
    rejected
        Looks up rejected views; ``None`` where none are known.
    """

    settings: ServerSettings
    live: Live
    batcher: Batcher
    counts: Counts
    rejected: Rejected | None
    _warned: bool = False

    def rejected_views(self, document: Document) -> list[RejectedView]:
        """Return what was written for a document and rejected; nothing where that is unreadable."""
        if self.rejected is None:
            return []
        try:
            return self.rejected(document)
        except Exception as error:  # whatever it is, the document itself can be shown
            if not self._warned:
                _log.warning("documents are shown without their rejected views: %s", error)
                self._warned = True
            return []


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


CurrentService = Annotated[Service, Depends(_service)]
"""What a route names to be given the service."""
