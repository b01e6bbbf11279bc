"""What the routes share: the open index, the batcher, the limits and the counts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from corpus_tuner.core.documents import Document
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.metrics import Counts
from corpus_tuner.server.reloading import Live
from corpus_tuner.server.schemas import ChangedAnswer, RejectedView
from corpus_tuner.server.settings import ServerSettings

Rejected = Callable[[Document], list[RejectedView]]
"""Returns what was written for a document and rejected."""


class Writer(Protocol):
    """Changes the index that is served.

    What goes wrong with the index or the documents is a `ValueError` that says so.
    """

    def add(self, documents: list[dict[str, Any]]) -> ChangedAnswer:
        """Add documents, as `NewDocument` has them; those of the same id are replaced."""

    def remove(self, id: str) -> ChangedAnswer:
        """Remove a document, if there is one of this id."""


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
    writer
        Changes the index; ``None`` where it is only read.
    """

    settings: ServerSettings
    live: Live
    batcher: Batcher
    counts: Counts
    rejected: Rejected | None
    writer: Writer | None = None
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
