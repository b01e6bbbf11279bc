"""What is asked and answered, as JSON."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from corpus_tuner.core.documents import Document, View
from corpus_tuner.core.fields import FIELD
from corpus_tuner.indexes.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    Condition,
    compile_filter,
)
from corpus_tuner.indexes.search.hits import Hit
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.server.returned_fields import DEFAULT, FIELD_NAME, TEXT_BYTES, Shown

# Something that is no space, as Python and JSON schemas both see it.
_SOMETHING = r"[^\s\x1c-\x1f\x85]"
MAX_FIELDS = 1_000
Value = bool | int | float | str
Values = Annotated[list[Value], Field(max_length=MAX_VALUES)]
Bound = int | float | str


class Operators(BaseModel):
    """What must hold of a field; for a list, ranges and `prefix` of the same value of it."""

    # Factories, since the schema would give defaults, and there are none.

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    gt: Bound = Field(default_factory=int)
    gte: Bound = Field(default_factory=int)
    lt: Bound = Field(default_factory=int)
    lte: Bound = Field(default_factory=int)
    ne: Value | Values = Field(
        default_factory=int,
        description="No value is this, or one of these; documents without the field pass.",
    )
    prefix: str = Field(default_factory=str, min_length=1, description="The text begins so.")
    exists: bool = Field(
        default_factory=bool, description="Whether there is a value: not null, nor an empty list."
    )


class FilterSchema(BaseModel):
    """Conditions on fields, and filters inside of this one; all must hold."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"maxProperties": MAX_CONDITIONS, "propertyNames": {"pattern": FIELD}},
    )
    __pydantic_extra__: dict[str, Value | Values | Operators] = Field(init=False)

    and_: list["FilterSchema"] = Field(default_factory=list, alias="and", min_length=1)
    or_: list["FilterSchema"] = Field(default_factory=list, alias="or", min_length=1)
    not_: "FilterSchema" = Field(default_factory=lambda: FilterSchema(), alias="not")


def _not_blank(query: str | list[str]) -> str | list[str]:
    queries = [query] if isinstance(query, str) else query
    if not queries:
        raise ValueError("there is no query")
    if not all(re.search(_SOMETHING, text) for text in queries):
        raise ValueError("a query is empty")
    return query


def _whole(number: Any) -> Any:
    """Take 8.0 for 8, as JSON does."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


_QUERY = {"type": "string", "pattern": _SOMETHING}
_LEAST = (
    "Hits with a lower `probability` are left out. Where hits have none all are returned, and "
    "`warnings` says so."
)
_FIELDS = (
    "Which fields of the documents are returned beside `id`: `title`, `text`, `metadata`, or "
    "`metadata.NAME` for one of its fields; by default all."
)
_TEXT = (
    "Whether the text of documents is returned; by default where `fields` names it, or where there "
    f"are no `fields` and it has at most {TEXT_BYTES:,} bytes. The `passage` is always returned."
)


_ABSENT = "Absent where the request's `fields` and `text` leave it out."


def _known_field(name: str) -> str:
    Shown([name]).check(None)
    return name


FieldName = Annotated[
    str,
    AfterValidator(_known_field),
    WithJsonSchema({"type": "string", "pattern": f"^{FIELD_NAME}$"}),
]
_QUERIES = {"type": "array", "items": _QUERY, "minItems": 1}


class SearchRequest(BaseModel):
    """What to look for."""

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

    query: Annotated[
        str | list[str],
        AfterValidator(_not_blank),
        WithJsonSchema({"anyOf": [_QUERY, _QUERIES]}),
        Field(description="One query or several."),
    ]
    k: Annotated[int, Field(ge=1, description="Documents per query."), BeforeValidator(_whole)] = 10
    mode: Annotated[
        Mode | None, Field(description="By vectors, by words or both; else as calibrated.")
    ] = None
    filter: Annotated[
        Annotated[
            Condition,
            # Its errors say more than those of a union of types.
            PlainValidator(compile_filter, json_schema_input_type=FilterSchema),
        ]
        | None,
        Field(
            description="Conditions on metadata and `id`: a value, a list of values, or operators; "
            f"at most {MAX_CONDITIONS} in filters at most {MAX_DEPTH} deep. A field that no "
            "document has, or a type that it never has, is an error."
        ),
    ] = None
    min_probability: Annotated[float, Field(ge=0, le=1, description=_LEAST)] = 0.0
    fields: Annotated[list[FieldName] | None, Field(description=_FIELDS, max_length=100)] = None
    text: Annotated[bool | None, Field(description=_TEXT)] = None
    explain: Annotated[
        bool, Field(description="Tell which words of a hit count as words of the query.")
    ] = False

    @property
    def shown(self) -> Shown:
        """What is returned of the documents."""
        return Shown(self.fields, self.text)

    @property
    def queries(self) -> list[str]:
        """The queries, one or several."""
        return [self.query] if isinstance(self.query, str) else self.query


class AddressedSearch(BaseModel):
    """What to look for, as an address has it."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str,
        AfterValidator(_not_blank),
        Field(description="The query.", json_schema_extra={"pattern": _SOMETHING}),
    ]
    k: Annotated[int, Field(ge=1, description="How many documents.")] = 10
    mode: Annotated[
        Mode | None, Field(description="By vectors, by words or both; else as calibrated.")
    ] = None
    filter: Annotated[
        list[str],
        Field(
            description="Conditions on metadata, all of which must hold, as people type them: "
            "`year>=2020`, `language=de,en`.",
            default_factory=list,
        ),
    ]
    min_probability: Annotated[float, Field(ge=0, le=1, description=_LEAST)] = 0.0
    fields: Annotated[
        str | None,
        Field(description=f"{_FIELDS} Joined by commas."),
        WithJsonSchema({"type": "string", "pattern": rf"^{FIELD_NAME}(,{FIELD_NAME})*$"}),
    ] = None
    text: Annotated[bool | None, Field(description=_TEXT)] = None
    explain: Annotated[
        bool, Field(description="Tell which words of a hit count as words of the query.")
    ] = False


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


class StandingAnswer(BaseModel):
    """What one ranker makes of a hit."""

    score: Annotated[float, Field(description="Its own: a cosine, or BM25.")]
    rank: Annotated[
        int | None, Field(description="By it alone, among the documents that were looked at.")
    ]
    part: Annotated[float, Field(description="What it adds to the hit's score.")]


class PassageAnswer(BaseModel):
    """A part of a document's text."""

    text: str
    start: Annotated[int, Field(description="Where it begins, in characters (code points).")]
    end: Annotated[int, Field(description="Where it ends: behind its last character.")]
    page: Annotated[
        int | None,
        Field(
            description="The page, slide or chapter in which it begins, from 1; `null` where the "
            "text has none."
        ),
    ] = None


class HitAnswer(BaseModel):
    """A document that was found, and why."""

    id: str
    rank: int
    score: float
    probability: Annotated[
        float | None,
        Field(
            description="That it is the document that the query asks for, from 0 to 1, as "
            "calibration estimated on pseudo-queries; comparable between queries, and the same "
            "with and without a filter. `null` where the index is not calibrated, or `mode` is "
            "other than `hybrid`."
        ),
    ]
    rankers: Annotated[
        dict[str, StandingAnswer],
        Field(description="What it owes to `passage`, `views`, `words`, `ngrams`, `feedback`."),
    ]
    title: Annotated[str, Field(default_factory=str, description=_ABSENT)]
    text: Annotated[str, Field(default_factory=str, description=_ABSENT)]
    metadata: Annotated[dict[str, Any], Field(default_factory=dict, description=_ABSENT)]
    view: Annotated[ViewAnswer, Field(description="The view that is nearest to the query.")]
    passage: Annotated[
        PassageAnswer,
        Field(description="The part of the text that the query is about, for a snippet."),
    ]
    matched: Annotated[
        list[str] | None,
        Field(description="Words of title, text and view that the query has; with `explain`."),
    ] = None

    @classmethod
    def of(cls, hit: Hit, matched: list[str] | None, shown: Shown) -> "HitAnswer":
        """Make it."""
        return cls(
            id=hit.document.id,
            rank=hit.rank,
            score=hit.score,
            probability=hit.probability,
            rankers={
                name: StandingAnswer(**standing._asdict()) for name, standing in hit.rankers.items()
            },
            view=ViewAnswer.of(hit.view),
            passage=PassageAnswer(**hit.passage._asdict()),
            matched=matched,
            **shown.of(hit.document),
        )


class ResultAnswer(BaseModel):
    """What was found for a query."""

    query: str
    hits: list[HitAnswer]

    @classmethod
    def of(
        cls,
        query: str,
        hits: Sequence[Hit],
        explaining: Searcher | None = None,
        characters: int | None = None,
        shown: Shown = DEFAULT,
    ) -> "ResultAnswer":
        """Make it.

        Parameters
        ----------
        query, hits
            What was asked and found.
        explaining
            The searcher, where words that match are wanted.
        characters
            They are looked for in so many characters of a hit; by default in all.
        shown
            What is returned of the documents.
        """
        answers = []
        for hit in hits:
            matched = None
            if explaining:
                parts = hit.document.title, hit.view.text, hit.passage.text, hit.document.text
                text = " ".join(parts)
                matched = explaining.find_shared_words(query, text[:characters])
            answers.append(HitAnswer.of(hit, matched, shown))
        return cls(query=query, hits=answers)


class SearchAnswer(BaseModel):
    """What was found."""

    results: list[ResultAnswer]
    took_ms: float
    warnings: Annotated[
        list[str], Field(description="What was done differently from what was requested.")
    ]


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


class NewDocument(BaseModel):
    """A document to be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1)]
    title: str = ""
    text: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)


class AddRequest(BaseModel):
    """Documents to be added."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"documents": [{"id": "moths", "title": "Moths", "text": "Hang up lavender."}]}
            ]
        },
    )

    documents: Annotated[list[NewDocument], Field(min_length=1, max_length=256)]


class ChangedAnswer(BaseModel):
    """What was changed, in numbers of documents."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: Annotated[int, Field(description="How many are as they were.")] = 0


class FieldAnswer(BaseModel):
    """What a filter can ask of a field."""

    documents: Annotated[
        int, Field(description="How many have it; removed ones count until they are merged away.")
    ]
    types: Annotated[
        dict[str, int],
        Field(description="How many have text, date, number, boolean, object, list or null."),
    ]


class IndexAnswer(BaseModel):
    """What the index is."""

    documents: int
    views: dict[str, int]
    language: str
    languages: Annotated[
        dict[str, float],
        Field(description="The share of documents in each language, ISO 639-1."),
    ]
    encoder: str
    representation: str
    representations: list[str]
    lexical: Annotated[bool, Field(description="Whether it can be searched by words.")]
    weights: Annotated[
        dict[str, dict[str, float]],
        Field(description="By mode: of `views` against the passage, of `words` against vectors."),
    ]
    fields: Annotated[
        dict[str, FieldAnswer],
        Field(description=f"What filters can name: the {MAX_FIELDS:,} that most documents have."),
    ]


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str
