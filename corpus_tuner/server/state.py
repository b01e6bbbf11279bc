"""State that the routes share."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.index_writer import IndexWriter
from corpus_tuner.server.reloading import LiveSearcher
from corpus_tuner.server.settings import ServerSettings

FindRejections = Callable[[Document], list[Rejection]]
"""Returns the generated texts of a document that were rejected."""

_log = logging.getLogger(__name__)


@dataclass
class Service:
    """State of one service.

    Attributes
    ----------
    settings
        Limits.
    live
        Searcher of the current index.
    batcher
        Queue of searches.
    find_rejections
        Lookup of rejected texts; ``None`` where none are known.
    writer
        Writer of the index; ``None`` where the service is read-only.
    """

    settings: ServerSettings
    live: LiveSearcher
    batcher: Batcher
    find_rejections: FindRejections | None
    writer: IndexWriter | None = None
    _warned: bool = False

    def list_rejections(self, document: Document) -> list[Rejection]:
        """Return the rejected texts of a document; none where they cannot be read."""
        if self.find_rejections is None:
            return []
        try:
            return self.find_rejections(document)
        except Exception as error:  # whatever it is, the document itself can be shown
            if not self._warned:
                _log.warning("documents are shown without their rejected views: %s", error)
                self._warned = True
            return []


async def _get_service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


CurrentService = Annotated[Service, Depends(_get_service)]
"""Type of a route's parameter that receives the service."""
