"""What is asked and answered, as JSON."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from indexes.documents import Document, View
from indexes.fusion import Mode
from indexes.searcher import Hit

Condition = bool | int | float | str | list[bool | int | float | str] | dict[str, int | float | str]


class SearchRequest(BaseModel):
    """What to look for."""

    model_config = ConfigDict(
        extra="forbid",
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

    query: Annotated[str | list[str], Field(description="One query or several.")]
    k: Annotated[int, Field(ge=1, description="Documents for each query.")] = 10
    mode: Annotated[
        Mode | None, Field(description="By vectors, by words or both; else as calibrated.")
    ] = None
    filter: Annotated[
        dict[str, Condition] | None,
        Field(description="Conditions on metadata: a value, a list of values, or a range."),
    ] = None


class ViewAnswer(BaseModel):
    """A short text that stands for a document."""

    kind: str
    text: str
    maker: Annotated[str, Field(description="`document`, or the generator that wrote it.")]
    support: Annotated[str, Field(description="The sentence that it rests on, where known.")]

    @classmethod
    def of(cls, view: View) -> "ViewAnswer":
        """Make it."""
        return cls(kind=view.kind, text=view.text, maker=view.maker, support=view.support)


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

    @classmethod
    def of(cls, hit: Hit) -> "HitAnswer":
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
        )


class ResultAnswer(BaseModel):
    """What was found for a query."""

    query: str
    hits: list[HitAnswer]


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
