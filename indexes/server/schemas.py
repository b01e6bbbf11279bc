"""What is asked and answered, as JSON."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    WithJsonSchema,
    create_model,
)

from corpus_tuner.indexes.search.filters import FIELD, MAX_CONDITIONS, MAX_VALUES, as_sql
from corpus_tuner.indexes.search.fusion import Mode
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.server.settings import ServerSettings
from corpus_tuner.indexes.store.documents import Document, View

# Something that is no space, as Python and JSON schemas both see it.
_SOMETHING = r"[^\s\x1c-\x1f\x85]"
Value = bool | int | float | str
Values = Annotated[list[Value], Field(max_length=MAX_VALUES)]
Range = Annotated[dict[Literal["gt", "gte", "lt", "lte"], int | float | str], Field(min_length=1)]
Conditions = Annotated[
    dict[Annotated[str, Field(pattern=FIELD)], Value | Values | Range],
    Field(max_length=MAX_CONDITIONS, json_schema_extra={"additionalProperties": False}),
]


def _checked(filter: dict[str, Any]) -> dict[str, Any]:
    as_sql(filter)  # its errors say more than those of a union of types
    return filter


def _whole(number: Any) -> Any:
    """Take 8.0 for 8, as JSON does."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


class SearchRequest(BaseModel):
    """What to look for; `search_request` puts the limits on it."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"query": "how do I get rid of moths", "k": 3},
                {
                    "query": ["moths in the wardrobe", "wet cellar"],
                    "mode": "dense",
                    "filter": {"year": {"gte": 2020}, "language": ["de", "en"]},
                },
            ]
        },
    )

    query: str | list[str]
    k: int = 10
    mode: Annotated[
        Mode | None, Field(description="By vectors, by words or both; else as calibrated.")
    ] = None
    filter: Annotated[
        Annotated[
            dict[str, Any],
            AfterValidator(_checked),
            WithJsonSchema(TypeAdapter(Conditions).json_schema()),
        ]
        | None,
        Field(description="Conditions on metadata: a value, a list of values, or a range."),
    ] = None
    explain: Annotated[
        bool, Field(description="Tell which words of each hit count as words of the query.")
    ] = False


def search_request(limits: ServerSettings) -> type[SearchRequest]:
    """Make the model of what may be asked within limits, so that its JSON schema tells them."""

    def check(query: str | list[str]) -> str | list[str]:
        queries = [query] if isinstance(query, str) else query
        if not 0 < len(queries) <= limits.queries:
            raise ValueError(f"1 to {limits.queries} queries go in one request")
        for each in queries:
            if not re.search(_SOMETHING, each):
                raise ValueError("a query is empty")
            if len(each) > limits.query_characters:
                raise ValueError(f"a query has at most {limits.query_characters} characters")
        return query

    text = {"type": "string", "maxLength": limits.query_characters, "pattern": _SOMETHING}
    texts = {"type": "array", "items": text, "minItems": 1, "maxItems": limits.queries}
    query: Any = Annotated[
        str | list[str],
        AfterValidator(check),
        WithJsonSchema({"anyOf": [text, texts], "description": "One query or several."}),
    ]
    told = "Documents for each query."
    k: Any = Annotated[int, Field(ge=1, le=limits.k, description=told), BeforeValidator(_whole)]
    return create_model(
        "SearchRequest",
        __base__=SearchRequest,
        __doc__="What to look for.",
        query=(query, ...),
        k=(k, min(10, limits.k)),
    )


class ViewAnswer(BaseModel):
    """A short text that stands for a document."""

    kind: str
    text: str
    maker: Annotated[str, Field(description="`document`, or the kind of generator that wrote it.")]
    support: Annotated[str, Field(description="The sentence that it rests on, where known.")]

    @classmethod
    def of(cls, view: View) -> "ViewAnswer":
        """Make it."""
        name = view.maker.partition(" ")[0]  # the manifest has its settings and hashes
        return cls(kind=view.kind, text=view.text, maker=name, support=view.support)


class HitAnswer(BaseModel):
    """A document that was found, and why."""

    id: str
    rank: int
    score: float
    dense: float | None
    words: float | None
    dense_rank: Annotated[int | None, Field(description="Rank by the vectors alone.")]
    words_rank: Annotated[int | None, Field(description="Rank by the words alone.")]
    title: str
    text: str
    metadata: dict[str, Any]
    view: Annotated[ViewAnswer, Field(description="The view that is nearest to the query.")]
    matched: Annotated[
        list[str] | None,
        Field(description="Words of title, text and view that the query has; with `explain`."),
    ] = None

    @classmethod
    def of(cls, hit: Hit, matched: list[str] | None) -> "HitAnswer":
        """Make it."""
        return cls(
            id=hit.document.id,
            rank=hit.rank,
            score=hit.score,
            dense=hit.dense,
            words=hit.words,
            dense_rank=hit.dense_rank,
            words_rank=hit.words_rank,
            title=hit.document.title,
            text=hit.document.text,
            metadata=dict(hit.document.metadata),
            view=ViewAnswer.of(hit.view),
            matched=matched,
        )


class ResultAnswer(BaseModel):
    """What was found for a query."""

    query: str
    hits: list[HitAnswer]

    @classmethod
    def of(cls, query: str, hits: Sequence[Hit], marking: Searcher | None) -> "ResultAnswer":
        """Make it; `marking` is the searcher where words that match are to be told."""
        told = []
        for hit in hits:
            text = f"{hit.document.title} {hit.document.text} {hit.view.text}"
            told.append(HitAnswer.of(hit, marking.shared_words(query, text) if marking else None))
        return cls(query=query, hits=told)


class SearchAnswer(BaseModel):
    """What was found."""

    results: list[ResultAnswer]
    took_ms: float


class RejectedView(BaseModel):
    """A generated text that did not become a view."""

    kind: str
    text: str
    check: str
    reason: str


class DocumentAnswer(BaseModel):
    """A document, the views that stand for it, and those that were rejected."""

    id: str
    title: str
    text: str
    metadata: dict[str, Any]
    views: list[ViewAnswer]
    rejected: list[RejectedView]

    @classmethod
    def of(
        cls, document: Document, views: list[View], rejected: list[RejectedView]
    ) -> "DocumentAnswer":
        """Make it."""
        return cls(
            id=document.id,
            title=document.title,
            text=document.text,
            metadata=dict(document.metadata),
            views=[ViewAnswer.of(view) for view in views],
            rejected=rejected,
        )


class IndexAnswer(BaseModel):
    """What the index is."""

    documents: int
    views: dict[str, int]
    language: str
    encoder: str
    representation: str
    representations: list[str]
    words: bool
    weights: dict[str, float]


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str
