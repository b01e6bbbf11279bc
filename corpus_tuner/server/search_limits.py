"""The limits on a search: kept, and written into the OpenAPI document."""

from typing import Any

from corpus_tuner.server.batching import Group
from corpus_tuner.server.schemas import SearchRequest
from corpus_tuner.server.settings import ServerSettings


def limited(request: SearchRequest, limits: ServerSettings) -> Group:
    """Return how the queries of a request are searched.

    Raises
    ------
    ValueError
        If the request is beyond a limit; the message names the field.

    Examples
    --------
    >>> from corpus_tuner.server.schemas import SearchRequest
    >>> limited(SearchRequest(query="mill", k=3), ServerSettings()).k
    3
    """
    queries = len(request.queries)
    if queries > limits.queries:
        raise ValueError(f"query: at most {limits.queries} queries, not {queries}")
    if any(len(query) > limits.query_characters for query in request.queries):
        raise ValueError(f"query: a query has at most {limits.query_characters} characters")
    k = request.k if "k" in request.model_fields_set else min(request.k, limits.k)
    if k > limits.k:
        raise ValueError(f"k: at most {limits.k}, not {k}")
    if queries * k > limits.hits:
        raise ValueError(
            f"k: {k} for each of {queries} queries are more than {limits.hits} hits in one request"
        )
    return Group(k, request.mode, request.filter, request.min_probability)


def describe_limits(openapi: dict[str, Any], limits: ServerSettings) -> None:
    """Write the limits into the OpenAPI document, in place."""
    properties = openapi["components"]["schemas"]["SearchRequest"]["properties"]
    text, texts = properties["query"]["anyOf"]
    text["maxLength"] = texts["items"]["maxLength"] = limits.query_characters
    texts["maxItems"] = limits.queries
    properties["k"]["description"] += (
        f" At most {limits.hits} for all queries of a request together."
    )
    parameters = {
        parameter["name"]: parameter
        for parameter in openapi["paths"]["/v1/search"]["get"]["parameters"]
    }
    parameters["q"]["schema"]["maxLength"] = limits.query_characters
    for k in (properties["k"], parameters["k"]["schema"]):
        k |= {"maximum": min(limits.k, limits.hits), "default": min(k["default"], limits.k)}
    for explain in (properties["explain"], parameters["explain"]):
        explain["description"] += (
            f" They are looked for in the first {limits.explained_characters} characters of each."
        )
