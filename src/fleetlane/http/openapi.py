"""The OpenAPI document: what FastAPI makes of the routes, made whole and true.

FastAPI writes down answers that no route gives (422) and gives no examples. Here the former go, and each answer gets
an example, made from those of its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from fleetlane.web.error_codes import MEANINGS

EXAMPLES: Mapping[int, tuple[str, Any]] = {
    40001: (
        "script_config.captions: Input should be a valid string",
        {"errors": [{"field": "script_config.captions", "message": "Input should be a valid string"}]},
    ),
    40002: ("script_name is missing or empty.", None),
    40003: ("There is no script named 'follow'. Supported: post.", {"supported": ["post"]}),
    40004: ("No enabled account was found for this request. Enable one, or add one.", None),
    40101: ("A token is required: send Authorization: Bearer and the token.", None),
    40301: ("The Starter plan has no API access.", None),
    40302: ("A page of another site may not use this server.", None),
    40401: ("There is no task 101.", None),
    40901: ("Task 101 is completed; only a failed task can be retried.", None),
    41301: ("The body is larger than 8388608 bytes.", None),
    41501: ("The body must be JSON: send Content-Type: application/json.", None),
    42901: ("Too many requests: try again in 1 second.", None),
    50001: ("The server failed; its log has the details under 4f1c9a7e02d3.", {"error_id": "4f1c9a7e02d3"}),
    50301: ("The store is busy. Try again in a second.", None),
    50701: ("The disk is full: nothing was kept. Free some space on it.", None),
}
HEADERS: Mapping[int, Mapping[str, str]] = {
    40101: {"WWW-Authenticate": "Bearer"},
    42901: {"Retry-After": "Seconds until it is worth while to try again"},
    50301: {"Retry-After": "Seconds until it is worth while to try again"},
}


def use_whole_document(app: FastAPI) -> None:
    """Let an app serve the whole document."""
    made: Callable[[], dict[str, Any]] = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(made())
        return made()

    app.openapi = whole


def _complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for operation in _operations(document):
        answers: dict[str, Any] = operation["responses"]
        answers.pop("422", None)
        for status, answer in answers.items():
            content = answer.get("content", {}).get("application/json")
            if content is not None and status == "200":
                content["example"] = example(content["schema"], schemas)
            elif content is not None:
                _complete_error(answer, content)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _complete_error(answer: dict[str, Any], content: dict[str, Any]) -> None:
    codes: list[int] = content["schema"]["properties"]["code"]["enum"]
    content["examples"] = {
        str(code): {
            "summary": MEANINGS[code],
            "value": {"code": code, "message": EXAMPLES[code][0], "data": EXAMPLES[code][1]},
        }
        for code in codes
    }
    headers = {name: text for code in codes for name, text in HEADERS.get(code, {}).items()}
    if headers:
        answer["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return an example of what a schema allows, from the examples of its fields.

    Args:
        schema: a JSON Schema.
        schemas: those that a `$ref` may name.
    """
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for given in ("examples", "enum"):
        if given in schema:
            return schema[given][0]
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    return {name: example(field, schemas) for name, field in schema.get("properties", {}).items()}
