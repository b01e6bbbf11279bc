"""Requests and responses of the HTTP API, as JSON."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from corpus_tuner.core.documents import Document, View
from corpus_tuner.generation.ledger import Rejection
from corpus_tuner.indexes.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    Condition,
    compile_filter,
)
from corpus_tuner.indexes.filters.fields import FIELD
from corpus_tuner.indexes.filters.fields import Field as MetadataField
from corpus_tuner.indexes.search.collapsing import MAX_SIMILAR
from corpus_tuner.indexes.search.hits import Hit, RankerScore
from corpus_tuner.indexes.search.snippets import Snippet
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.indexes.store.search_settings import Mode
from corpus_tuner.server.returned_fields import FIELD_NAME, TEXT_BYTES, ReturnedFields

MAX_QUERIES = 64
MAX_QUERY_CHARACTERS = 4_000
MAX_HITS = 1_000
"""Maximum number of hits for all queries of a request together."""
MAX_DOCUMENTS = 256
"""Maximum number of documents in a request that adds documents."""
MAX_FIELDS = 1_000
"""Maximum number of metadata fields that are listed."""
EXPLAINED_CHARACTERS = 20_000
"""Number of characters of a hit in which `explain` looks for words of the query."""

# A character that is no space, both for Python and for JSON schemas.
_NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
_EXAMPLES: list[JsonValue] = [
    {"query": "how do I get rid of moths", "k": 3},
    {
        "query": ["moths in the wardrobe", "wet cellar"],
        "mode": "dense",
        "filter": {"year": {"gte": 2020}, "language": ["de", "en"]},
    },
]
_NEW_DOCUMENT: JsonValue = {"id": "moths", "title": "Moths", "text": "Hang up lavender."}
_FIELDS = (
    "Fields of the documents that are returned beside `id`: `title`, `text`, `metadata`, or "
    "`metadata.NAME` for one metadata field; by default all, the text only if it has at most "
    f"{TEXT_BYTES:,} bytes."
)
_ABSENT = "Absent where the request's `fields` leave it out."

Value = bool | int | float | str
Values = Annotated[list[Value], Field(max_length=MAX_VALUES)]
Bound = int | float | str


class Operators(BaseModel):
    """Conditions on one field; in a list, one value must satisfy all ranges and the prefix."""

    # Default factories, because the schema would show defaults, and there are none.

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    gt: Bound = Field(default_factory=int)
    gte: Bound = Field(default_factory=int)
    lt: Bound = Field(default_factory=int)
    lte: Bound = Field(default_factory=int)
    ne: Value | Values = Field(
        default_factory=int,
        description="Excluded value or values; documents without the field pass.",
    )
    prefix: str = Field(default_factory=str, min_length=1, description="Beginning of the text.")
    exists: bool = Field(
        default_factory=bool,
        description="Whether the field has a value other than null and an empty list.",
    )


class FilterSchema(BaseModel):
    """Conditions on fields, and filters inside this one; all must be satisfied."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"maxProperties": MAX_CONDITIONS, "propertyNames": {"pattern": FIELD}},
    )
    __pydantic_extra__: dict[str, Value | Values | Operators] = Field(init=False)

    and_: list["FilterSchema"] = Field(default_factory=list, alias="and", min_length=1)
    or_: list["FilterSchema"] = Field(default_factory=list, alias="or", min_length=1)
    not_: "FilterSchema" = Field(default_factory=lambda: FilterSchema(), alias="not")


def _check_queries(query: str | list[str]) -> str | list[str]:
    queries = [query] if isinstance(query, str) else query
    if not queries:
        raise ValueError("there is no query")
    if len(queries) > MAX_QUERIES:
        raise ValueError(f"at most {MAX_QUERIES} queries, not {len(queries)}")
    if not all(re.search(_NOT_BLANK, text) for text in queries):
        raise ValueError("a query is empty")
    if any(len(text) > MAX_QUERY_CHARACTERS for text in queries):
        raise ValueError(f"a query has at most {MAX_QUERY_CHARACTERS} characters")
    return query


def _as_integer(number: Any) -> Any:
    """Convert 8.0 to 8: JSON does not distinguish them."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _check_field(name: str) -> str:
    ReturnedFields([name]).check(None)
    return name


_QUERY = {"type": "string", "pattern": _NOT_BLANK, "maxLength": MAX_QUERY_CHARACTERS}
_QUERIES = {"type": "array", "items": _QUERY, "minItems": 1, "maxItems": MAX_QUERIES}
FieldName = Annotated[
    str,
    AfterValidator(_check_field),
    WithJsonSchema({"type": "string", "pattern": f"^{FIELD_NAME}$"}),
]


class SearchOptions(BaseModel):
    """Options of a search that `GET` and `POST` have in common."""

    k: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_HITS,
            description="Number of documents per query; at most "
            f"{MAX_HITS} for all queries of a request together.",
        ),
        BeforeValidator(_as_integer),
    ] = 10
    mode: Annotated[
        Mode | None, Field(description="Kind of search; by default the calibrated one.")
    ] = None
    min_probability: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Hits with a lower `probability` are left out. Where hits have none all "
            "are returned, and `warnings` says so.",
        ),
    ] = 0.0
    collapse: Annotated[
        bool,
        Field(
            description="Whether documents with nearly the same text are one hit, the best of "
            "them; `similar` has the others."
        ),
    ] = True
    explain: Annotated[
        bool,
        Field(
            description="Return the words of a hit that match words of the query, among the first "
            f"{EXPLAINED_CHARACTERS} characters of each."
        ),
    ] = False


class SearchRequest(SearchOptions):
    """A search for one query or several."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": _EXAMPLES}
    )

    query: Annotated[
        str | list[str],
        AfterValidator(_check_queries),
        WithJsonSchema({"anyOf": [_QUERY, _QUERIES]}),
        Field(description="One query or several."),
    ]
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
    fields: Annotated[list[FieldName] | None, Field(description=_FIELDS, max_length=100)] = None

    @model_validator(mode="after")
    def _check_hits(self) -> "SearchRequest":
        queries = len(self.queries)
        if queries * self.k > MAX_HITS:
            raise ValueError(
                f"k: {self.k} for each of {queries} queries are more than {MAX_HITS} hits in one "
                "request"
            )
        return self

    @property
    def returned(self) -> ReturnedFields:
        """Fields of the documents that are returned."""
        return ReturnedFields(self.fields)

    @property
    def queries(self) -> list[str]:
        """List of the queries."""
        return [self.query] if isinstance(self.query, str) else self.query


class SearchParameters(SearchOptions):
    """A search for one query, as parameters of a URL."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str,
        AfterValidator(_check_queries),
        WithJsonSchema(_QUERY),
        Field(description="The query."),
    ]
    filter: Annotated[
        list[str],
        Field(
            description="Conditions on metadata, all of which must be satisfied: `year>=2020`, "
            "`language=de,en`.",
            default_factory=list,
        ),
    ]
    fields: Annotated[
        str | None,
        Field(description=f"{_FIELDS} Joined by commas."),
        WithJsonSchema({"type": "string", "pattern": rf"^{FIELD_NAME}(,{FIELD_NAME})*$"}),
    ] = None


class ViewResponse(BaseModel):
    """A short text that represents a document in the index."""

    kind: str
    text: str
    maker: Annotated[str, Field(description="`document`, or the kind of generator that wrote it.")]
    support: Annotated[str, Field(description="Sentence that it is based on, where known.")]

    @classmethod
    def from_view(cls, view: View) -> "ViewResponse":
        """Convert a view; of its maker only the name, without settings and hashes."""
        name = view.maker.partition(" ")[0]
        return cls(kind=view.kind, text=view.text, maker=name, support=view.support)


class HitResponse(BaseModel):
    """A document that was found, and why."""

    id: str
    rank: int
    score: float
    probability: Annotated[
        float | None,
        Field(
            description="Estimated probability, from 0 to 1, that this is the document that the "
            "query asks for; comparable between queries, and the same with and without a filter. "
            "`null` where the index is not calibrated, or `mode` is other than `hybrid`."
        ),
    ]
    rankers: Annotated[
        dict[str, RankerScore],
        Field(description="Score and rank by each ranker, and its part of the hit's score."),
    ]
    similar: Annotated[
        list[str],
        Field(
            description="Ids of documents with nearly the same text that were folded into this "
            f"hit, at most {MAX_SIMILAR}."
        ),
    ]
    title: Annotated[str, Field(default_factory=str, description=_ABSENT)]
    text: Annotated[str, Field(default_factory=str, description=_ABSENT)]
    metadata: Annotated[dict[str, Any], Field(default_factory=dict, description=_ABSENT)]
    view: Annotated[ViewResponse, Field(description="View that is nearest to the query.")]
    passage: Annotated[
        Snippet, Field(description="Part of the text that answers the query best: a snippet.")
    ]
    matched: Annotated[
        list[str] | None,
        Field(description="Words of title, text and view that match the query; with `explain`."),
    ] = None


class QueryResult(BaseModel):
    """Hits for one query."""

    query: str
    hits: list[HitResponse]

    @classmethod
    def from_hits(
        cls, query: str, hits: Sequence[Hit], searcher: Searcher | None, returned: ReturnedFields
    ) -> "QueryResult":
        """Convert hits; `searcher` finds the words that match, where they are wanted."""
        results = []
        for hit in hits:
            matched = None
            if searcher:
                parts = hit.document.title, hit.view.text, hit.passage.text, hit.document.text
                matched = searcher.find_shared_words(query, " ".join(parts)[:EXPLAINED_CHARACTERS])
            result = HitResponse(
                id=hit.document.id,
                rank=hit.rank,
                score=hit.score,
                probability=hit.probability,
                rankers=dict(hit.rankers),
                similar=[*hit.similar],
                view=ViewResponse.from_view(hit.view),
                passage=hit.passage,
                matched=matched,
                **returned.select(hit.document),
            )
            results.append(result)
        return cls(query=query, hits=results)


class SearchResponse(BaseModel):
    """Results of a search, in the order of its queries."""

    results: list[QueryResult]
    took_ms: float
    warnings: Annotated[
        list[str], Field(description="Differences between what was requested and what was done.")
    ]


class DocumentResponse(BaseModel):
    """A document, its views, and the generated texts that were rejected."""

    id: str
    title: str
    text: str
    metadata: dict[str, Any]
    views: list[ViewResponse]
    rejected: list[Rejection]

    @classmethod
    def from_document(
        cls, document: Document, views: Sequence[View], rejected: list[Rejection]
    ) -> "DocumentResponse":
        """Convert a document."""
        return cls(
            id=document.id,
            title=document.title,
            text=document.text,
            metadata=dict(document.metadata),
            views=[ViewResponse.from_view(view) for view in views],
            rejected=rejected,
        )


class NewDocument(BaseModel):
    """A document to add."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1)]
    title: str = ""
    text: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)


class AddRequest(BaseModel):
    """Documents to add."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"documents": [_NEW_DOCUMENT]}]},
    )

    documents: Annotated[list[NewDocument], Field(min_length=1, max_length=MAX_DOCUMENTS)]


class IndexResponse(BaseModel):
    """Description of the index."""

    documents: int
    views: Annotated[dict[str, int], Field(description="Number of views by kind.")]
    language: str
    languages: Annotated[
        dict[str, float], Field(description="Share of documents by language, ISO 639-1.")
    ]
    encoder: str
    representation: str
    representations: list[str]
    lexical: Annotated[bool, Field(description="Whether it has rankers of lexical search.")]
    weights: Annotated[
        dict[str, dict[str, float]], Field(description="Weights of the rankers by mode.")
    ]
    fields: Annotated[
        dict[str, MetadataField],
        Field(
            description=f"Fields that filters can name: the {MAX_FIELDS:,} that most documents "
            "have, with the number of documents that have values of each type; removed documents "
            "count until they are merged away."
        ),
    ]


class Problem(BaseModel):
    """Reason why a request has no result."""

    detail: str
