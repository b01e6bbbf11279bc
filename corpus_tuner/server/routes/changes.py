"""``POST /v1/documents`` and ``DELETE /v1/documents/{id}``: the index changed in place.

They are there only where whoever serves the index lends what changes it, which asks for a token.
"""

import threading
from collections.abc import Callable

from fastapi import APIRouter, HTTPException

from corpus_tuner.errors import LockedError, SearchIndexError
from corpus_tuner.server.error_responses import problems
from corpus_tuner.server.schemas import AddRequest, ChangedAnswer
from corpus_tuner.server.state import CurrentService, Service

router = APIRouter()
_one_at_a_time = threading.Lock()


@router.post("/v1/documents", responses=problems(400, 409, 413, 422, 500))
def add(request: AddRequest, service: CurrentService) -> ChangedAnswer:
    """Add documents; one whose id the index has replaces the one that has it.

    The answer comes when searches find them.
    """
    documents = [document.model_dump() for document in request.documents]
    writer = service.writer
    assert writer is not None
    return _changed(service, lambda: writer.add(documents))


@router.delete("/v1/documents/{id:path}", responses=problems(400, 404, 409, 500))
def remove(id: str, service: CurrentService) -> ChangedAnswer:
    """Remove a document; the answer comes when searches do not find it any more."""
    writer = service.writer
    assert writer is not None
    answer = _changed(service, lambda: writer.remove(id))
    if not answer.removed:
        raise HTTPException(404, f"there is no document {id!r}")
    return answer


def _changed(service: Service, change: Callable[[], ChangedAnswer]) -> ChangedAnswer:
    """Change the index, and let searches see it."""
    with _one_at_a_time:
        try:
            answer = change()
        except LockedError as error:
            raise HTTPException(409, str(error), headers={"Retry-After": "5"}) from None
        except SearchIndexError:
            raise  # answered as a fault of the service
        except ValueError as error:  # of the documents
            raise HTTPException(400, str(error)) from None
        service.live.look()
    return answer
