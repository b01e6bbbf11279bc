"""Tools for agents: `search`, `get` and `list_indexes`.

They know nothing of the protocol (`corpus_tuner.server.mcp_server`).
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from itertools import islice
from typing import Any, NamedTuple

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import DamagedError, SearchIndexError
from corpus_tuner.indexes.filters import Condition, compile_filter, parse_filters
from corpus_tuner.indexes.filters.fields import ID, LANGUAGE, walk_fields
from corpus_tuner.indexes.search.hits import Hit, Hits
from corpus_tuner.indexes.search.snippets import find_page
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.server.batching import TIMEOUT, Batcher, BusyError, SearchArguments
from corpus_tuner.server.mcp_schemas import (
    MAX_TEXT,
    TOOLS,
    GetRequest,
    GetResult,
    IndexDescription,
    IndexField,
    ListResult,
    Match,
    Passage,
    Schema,
    SearchHit,
    SearchRequest,
    SearchResult,
)
from corpus_tuner.server.reloading import LiveSearcher
from corpus_tuner.server.tokens import Restriction

MAX_PASSAGE = 2_000
"""Maximum number of characters of a passage."""
MAX_LINE = 200
"""Maximum number of characters of a title, a value or a view."""
MAX_METADATA = 1_000
"""Maximum number of characters of a document's metadata as JSON."""
MAX_FIELDS = 50
MAX_EXAMPLES = 5
MAX_SIMILAR = 10
_SAMPLE = 200  # documents whose values are examples
_log = logging.getLogger(__name__)


class ServedIndex(NamedTuple):
    """An open index."""

    live: LiveSearcher
    batcher: Batcher


Indexes = Mapping[str, "Future[ServedIndex]"]
"""Indexes by name, which may still be opening."""


class ToolError(Exception):
    """A tool cannot do what was requested; the message says what to do."""


async def call_tool(
    indexes: Indexes,
    name: str,
    arguments: Mapping[str, Any],
    restriction: Restriction | None = None,
) -> Schema:
    """Call a tool.

    Parameters
    ----------
    indexes
        The indexes, by the names that requests use.
    name
        Name of the tool.
    arguments
        Its arguments, as JSON has them.
    restriction
        Filter of the token.

    Raises
    ------
    ToolError
        If there is no such tool, or it cannot do what was requested.
    pydantic.ValidationError
        If the arguments are not those of the tool.
    """
    if name not in TOOLS:
        raise ToolError(f"there is no tool {name!r:.80}: there are {', '.join(TOOLS)}")
    request = TOOLS[name].request.model_validate(arguments)
    try:
        async with asyncio.timeout(TIMEOUT):
            if isinstance(request, SearchRequest):
                return await _search(indexes, request, restriction)
            if isinstance(request, GetRequest):
                return await _get(indexes, request, restriction)
            return await _list(indexes, restriction)
    except BusyError:
        raise ToolError("too many queries are waiting: try again in a second") from None
    except TimeoutError:
        raise ToolError(f"it took longer than {TIMEOUT:g} s: try again") from None
    except DamagedError as error:
        _log.error("%s", error)  # it can name files of this machine
        raise ToolError("the index cannot be read: the log of the service says why") from error
    except SearchIndexError as error:
        raise ToolError(str(error)) from error


async def _search(
    indexes: Indexes, request: SearchRequest, restriction: Restriction | None
) -> SearchResult:
    name, index = await _open(indexes, request.index)

    def read_filter() -> Condition | None:
        given = request.filter
        if isinstance(given, str):
            given = parse_filters([given], index.live.restrict(restriction).fields)
        return None if given is None else compile_filter(given)

    condition = await asyncio.to_thread(read_filter) if request.filter else None
    arguments = SearchArguments(
        request.k,
        filter=condition,
        min_probability=request.min_probability,
        restriction=restriction,
    )
    (hits,) = await index.batcher.search([request.query], arguments)
    note = _explain(hits, request)

    def describe() -> list[SearchHit]:
        searcher = index.live.restrict(restriction)
        return [_describe_hit(hit, request.query, searcher) for hit in hits]

    return SearchResult(index=name, hits=await asyncio.to_thread(describe), note=note)


async def _get(indexes: Indexes, request: GetRequest, restriction: Restriction | None) -> GetResult:
    name, index = await _open(indexes, request.index)
    document = await asyncio.to_thread(lambda: index.live.restrict(restriction).get(request.id))
    if document is None:
        raise ToolError(f"there is no document {request.id!r:.200} in the index {name}")
    text = document.text
    start = request.start or 0
    if start > len(text) or (request.end is not None and request.end < start):
        raise ToolError(
            f"the text has {len(text)} characters: give start and end between 0 and that, "
            "start first"
        )
    end = len(text)
    if request.end is not None:
        start, end = max(0, start - request.context), request.end + request.context
    end = min(len(text), end, start + MAX_TEXT)
    return GetResult(
        index=name,
        id=document.id,
        title=document.title[:MAX_LINE],
        metadata=_bound_metadata(document),
        text=text[start:end],
        start=start,
        end=end,
        length=len(text),
        lines=_find_lines(text, start, end),
        page=find_page(text, start),
        next_start=end if end < len(text) else None,
    )


async def _list(indexes: Indexes, restriction: Restriction | None) -> ListResult:
    described = []
    for name in indexes:
        _, index = await _open(indexes, name)

        def describe(name: str = name, index: ServedIndex = index) -> IndexDescription:
            return _describe_index(name, index.live.restrict(restriction))

        described.append(await asyncio.to_thread(describe))
    return ListResult(indexes=described)


async def _open(indexes: Indexes, name: str | None) -> tuple[str, ServedIndex]:
    """Return an index as it is now, and its name."""
    known = [*indexes]
    if name is None and len(known) > 1:
        raise ToolError(f"there are several indexes: give index, one of {', '.join(known)}")
    name = known[0] if name is None else name
    if name not in indexes:
        raise ToolError(f"there is no index {name!r:.80}: there are {', '.join(known)}")
    # A cancelled call must not cancel the opening, for which others wait, too.
    index = await asyncio.shield(asyncio.wrap_future(indexes[name]))
    await asyncio.to_thread(index.live.reload)
    return name, index


def _describe_hit(hit: Hit, query: str, searcher: Searcher) -> SearchHit:
    document, passage = hit.document, hit.passage
    text = passage.text
    cut = len(text) > MAX_PASSAGE
    if cut:
        text = text[:MAX_PASSAGE].rsplit(None, 1)[0]
    end = passage.start + len(text)
    view = f"{hit.view.kind}: {hit.view.text}"
    return SearchHit(
        rank=hit.rank,
        id=document.id,
        title=document.title[:MAX_LINE],
        headings=[heading[:MAX_LINE] for heading in passage.headings],
        probability=None if hit.probability is None else round(hit.probability, 4),
        passage=Passage(
            text=text,
            start=passage.start,
            end=end,
            lines=_find_lines(document.text, passage.start, end),
            page=passage.page,
            cut=cut,
        ),
        match=Match(
            words=searcher.find_shared_words(query, f"{document.title} {text} {hit.view.text}"),
            view="" if hit.view.kind == "passage" else view[:MAX_LINE],
            ranks={name: score.rank for name, score in hit.rankers.items()},
        ),
        metadata=_bound_metadata(document),
        similar=[*hit.similar[:MAX_SIMILAR]],
    )


def _describe_index(name: str, searcher: Searcher) -> IndexDescription:
    examples: dict[str, dict[Any, None]] = {}
    for document in islice(searcher.read_documents(), _SAMPLE):
        for field, value in [(ID, document.id), *walk_fields(document.metadata)]:
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, str | int | float) and len(str(one)) <= MAX_LINE:
                    found = examples.setdefault(field, {})
                    if len(found) < MAX_EXAMPLES:
                        found[one] = None
    manifest = searcher.manifest
    examples[LANGUAGE] = dict.fromkeys([*manifest.languages][:MAX_EXAMPLES])
    fields = sorted(searcher.fields.items(), key=lambda item: -item[1].documents)
    return IndexDescription(
        name=name,
        documents=manifest.documents,
        languages={code: round(share, 4) for code, share in manifest.languages.items()},
        probabilities=bool(manifest.calibration and manifest.calibration.temperature),
        fields=[
            IndexField(
                name=field,
                documents=counted.documents,
                types=[*counted.types],
                examples=[*examples.get(field, ())],
            )
            for field, counted in fields[:MAX_FIELDS]
        ],
        other_fields=max(0, len(fields) - MAX_FIELDS),
    )


def _explain(hits: Hits, request: SearchRequest) -> str:
    """Return what a model should know about the hits, or about their absence."""
    if request.min_probability and any(hit.probability is None for hit in hits):
        return "min_probability is ignored: the index is not calibrated"
    if not hits and (request.min_probability or request.filter):
        return "nothing was found: try without filter, or with a lower min_probability"
    return hits.warning or ""


def _bound_metadata(document: Document) -> dict[str, Any]:
    """Return the first fields of metadata that are not too long together."""
    bounded: dict[str, Any] = {}
    left = MAX_METADATA
    for name, value in document.metadata.items():
        size = len(json.dumps({name: value}, ensure_ascii=False, default=str))
        if size <= left:
            bounded[name] = value
            left -= size
    return bounded


def _find_lines(text: str, start: int, end: int) -> tuple[int, int]:
    first = 1 + text.count("\n", 0, start)
    return first, first + text.count("\n", start, max(start, end - 1))
