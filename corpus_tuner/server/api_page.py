"""The OpenAPI document as a page for people, with nothing from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

Schema = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")


def reference(openapi: Schema) -> str:
    """Return the page, as HTML.

    Parameters
    ----------
    openapi
        The document, as `fastapi.FastAPI.openapi` makes it.
    """
    page = files("corpus_tuner.server") / "pages" / "docs.html"
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["prose"] = _prose
    return environment.from_string(page.read_text(encoding="utf-8")).render(
        info=openapi["info"],
        operations=[
            _operation(path, method, by_method[method], openapi["components"]["schemas"])
            for path, by_method in openapi["paths"].items()
            for method in _METHODS
            if method in by_method
        ],
        models=[
            {
                "name": name,
                "description": schema.get("description", ""),
                "fields": [
                    _field(field, inner, field in schema.get("required", []))
                    for field, inner in schema.get("properties", {}).items()
                ],
            }
            for name, schema in openapi["components"]["schemas"].items()
        ],
    )


def _operation(path: str, method: str, operation: Schema, models: Schema) -> dict[str, Any]:
    takes = _models(operation.get("requestBody", {}))
    return {
        "path": path,
        "method": method.upper(),
        "description": operation.get("description", ""),
        "guarded": bool(operation.get("security")),
        "parameters": [
            _field(
                parameter["name"],
                {**parameter["schema"], "description": parameter.get("description", "")},
                parameter.get("required", False),
            )
            for parameter in operation.get("parameters", [])
        ],
        "takes": takes,
        "examples": [
            json.dumps(example, ensure_ascii=False)
            for name in takes
            for example in models[name].get("examples", [])
        ],
        "answers": [
            {
                "status": status,
                "description": answer["description"],
                "model": next(iter(_models(answer)), ""),
            }
            for status, answer in operation["responses"].items()
        ],
    }


def _models(content: Schema) -> list[str]:
    """Return the names of the models that a body or an answer has."""
    schemas = [media.get("schema", {}) for media in content.get("content", {}).values()]
    return [_name(schema["$ref"]) for schema in schemas if "$ref" in schema]


def _field(name: str, schema: Schema, required: bool) -> dict[str, Any]:
    limits = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("default", "by default"),
        )
        if schema.get(key) not in (None, "", [], {}, False)
    ]
    said = ", ".join(limits)
    limited = f"{said[0].upper()}{said[1:]}." if said else ""
    description = f"{schema.get('description', '')} {limited}".strip()
    return {
        "name": name,
        "required": required,
        "type": [{"text": text, "link": link} for text, link in _type(schema)],
        "description": description,
    }


def _type(schema: Schema) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a type's name, and whether a part is the name of a model."""
    if "$ref" in schema:
        yield _name(schema["$ref"]), True
    elif "anyOf" in schema:
        for number, option in enumerate(schema["anyOf"]):
            if number:
                yield " or ", False
            yield from _type(option)
    elif "enum" in schema:
        yield " or ".join(json.dumps(value) for value in schema["enum"]), False
    elif schema.get("type") == "array":
        yield "list of ", False
        yield from _type(schema.get("items", {}))
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        yield "object of ", False
        yield from _type(schema["additionalProperties"])
    else:
        yield schema.get("type", "anything"), False


def _prose(text: str) -> Markup:
    """Return text as HTML, what is between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
