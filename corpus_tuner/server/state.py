"""State that the routes share."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from corpus_tuner.core.documents import Document, View
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.generation.rejected_views import find_rejections
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.server.batching import Batcher
from corpus_tuner.server.reloading import LiveSearcher
from corpus_tuner.server.tokens import Restriction, get_token
from corpus_tuner.server.writer import Writer

_log = logging.getLogger(__name__)


@dataclass
class Service:
    """State of one service, as one token sees it.

    Attributes
    ----------
    live
        Searcher of the current index.
    batcher
        Queue of searches.
    ledger
        Ledger of the generated texts; ``None`` where none is known.
    writer
        Changes the index; ``None`` where the service is read-only.
    restriction
        Filter of the token.
    """

    live: LiveSearcher
    batcher: Batcher
    ledger: Path | None
    writer: Writer | None
    restriction: Restriction | None = None
    _warnings: list[str] = field(default_factory=list)

    @property
    def searcher(self) -> Searcher:
        """Searcher of the current index, restricted to the documents of the token."""
        return self.live.restrict(self.restriction)

    def list_rejections(self, document: Document, views: Sequence[View]) -> list[Rejection]:
        """Return the rejected texts of a document; none where they cannot be read."""
        if self.ledger is None:
            return []
        try:
            return find_rejections(self.ledger, self.live.searcher.manifest, document, views)
        except Exception as error:  # whatever it is, the document itself can be shown
            if not self._warnings:
                _log.warning("documents are shown without their rejected views: %s", error)
                self._warnings.append(str(error))
            return []


async def _get_service(request: Request) -> Service:
    service: Service = request.app.state.service
    token = get_token(request.scope)
    return replace(service, restriction=token.filter) if token and token.filter else service


CurrentService = Annotated[Service, Depends(_get_service)]
"""Type of a route's parameter that receives the service."""
