"""The page on which people judge, and its routes. It is for this machine only."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from corpus_tuner.indexes.searcher import MAX_QUERY_CHARACTERS
from corpus_tuner.judging.pool import name_query
from corpus_tuner.judging.report import Report, make_report
from corpus_tuner.judging.store import GRADES
from corpus_tuner.judging.study import Item, Progress, Study
from corpus_tuner.server.error_responses import handle_error, handle_invalid_request
from corpus_tuner.server.middleware import BodyLimit, HostGuard
from corpus_tuner.server.page_routes import make_headers

_ASSETS = {"judge.js": "text/javascript", "judge.css": "text/css"}


class NewGrade(BaseModel):
    """A grade that the judge gives."""

    query: str
    document: str
    grade: int = Field(ge=min(GRADES), le=max(GRADES))
    note: str = Field("", max_length=10_000)


class NewQueries(BaseModel):
    """Queries that the judge wrote or edited."""

    texts: list[Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS)]] = Field(
        min_length=1, max_length=10_000
    )


class Turn(BaseModel):
    """The next document, and what has been done.

    Attributes
    ----------
    item
        Document to grade; ``None`` if all are graded, or there are no queries.
    undone
        The grade that was removed, where the request was to undo one.
    """

    item: Item | None
    progress: Progress
    undone: int | None = None


def create_app(
    study: Study,
    open_study: Callable[[Mapping[str, str]], Study],
    proposed: Callable[[], list[str]] = list,
    on_change: Callable[[Study], None] = lambda _: None,
) -> FastAPI:
    """Create the ASGI application of the judging page; its shutdown closes the database.

    All routes run in the event loop, one after the other: a study has one judge, and its database
    one connection.

    Parameters
    ----------
    study
        Queries and pools, which may be empty.
    open_study
        Makes a study of queries, when the judge has edited those that are proposed.
    proposed
        Returns queries to edit, where there are none.
    on_change
        Function called after every change of the grades.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> from corpus_tuner.judging.store import Judgments
    >>> judgments = Judgments(example_benchmark / "page.sqlite")
    >>> study = Study(ct.Searcher.open(example_index), judgments, "ann", {}, {})
    >>> "/grades" in create_app(study, lambda queries: study).openapi()["paths"]
    True
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        on_change(study)
        study.judgments.close()

    app = FastAPI(title="Judging", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(HostGuard, names=())
    app.add_exception_handler(RequestValidationError, handle_invalid_request)
    app.add_exception_handler(Exception, handle_error)

    def make_turn(item: Item | None = None, undone: int | None = None) -> Turn:
        return Turn(item=item or study.find_next(), progress=study.count_progress(), undone=undone)

    @app.get("/", response_class=HTMLResponse)
    async def get_page() -> Response:
        page = _read("judge.html").decode()
        return HTMLResponse(page, headers=make_headers())

    @app.get("/assets/{name}")
    async def get_asset(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404, "there is no such file")
        return Response(_read(name), media_type=_ASSETS[name], headers=make_headers())

    @app.get("/next")
    async def get_next() -> Turn:
        return make_turn()

    @app.post("/grades")
    async def add_grade(new: NewGrade) -> Turn:
        if new.document not in study.pools.get(new.query, {}):
            raise HTTPException(404, "the document is not in the pool of the query")
        study.judgments.add_grade(study.judge, new.query, new.document, new.grade, new.note)
        on_change(study)
        return make_turn()

    @app.post("/undo")
    async def undo() -> Turn:
        removed = study.judgments.undo(study.judge)
        if removed is None:
            raise HTTPException(404, "there is no grade to undo")
        on_change(study)
        shown = removed.document in study.pools.get(removed.query, {})
        item = study.show(removed.query, removed.document, removed.note) if shown else None
        return make_turn(item, removed.grade)

    @app.get("/document")
    async def get_document(id: str) -> dict[str, str]:
        document = study.searcher.get(id)
        if document is None:
            raise HTTPException(404, "the index has no such document")
        return {"title": document.title, "text": document.text}

    @app.get("/report")
    async def get_report() -> Report:
        return make_report(study)

    @app.get("/compare")
    async def compare(
        query: str, system: Annotated[list[str], Query(min_length=2, max_length=2)]
    ) -> dict[str, Any]:
        if query not in study.queries or not set(system) <= study.runs.keys():
            raise HTTPException(404, "there is no such query or system")
        rankings = study.compare(query, system)
        if rankings is None:
            raise HTTPException(409, "judge the query first: rankings tell which system is which")
        grades = study.judgments.read_qrels().get(query, {})
        return {
            name: [{"id": id_, "title": title, "grade": grades.get(id_)} for id_, title in ranking]
            for name, ranking in rankings.items()
        }

    @app.get("/proposals")
    async def get_proposals() -> list[str]:
        return proposed()

    @app.post("/queries")
    async def set_queries(new: NewQueries) -> Turn:
        nonlocal study
        if study.queries:
            raise HTTPException(409, "there are queries already")
        texts = dict.fromkeys(text for line in new.texts if (text := " ".join(line.split())))
        if not texts:
            raise HTTPException(422, "all queries are empty")
        study = open_study({name_query(text): text for text in texts})
        return make_turn()

    return app


def _read(name: str) -> bytes:
    return (files("corpus_tuner.judging") / "pages" / name).read_bytes()
