"""Request bodies: bounded, JSON by their content type, and only JSON that means one thing.

Refused beside broken JSON: a key given twice, NaN and Infinity, integers that do not fit 64 bits, lone surrogates, and
nesting deeper than any request needs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute

from fleetlane.core.errors import BodyTooLargeError, InvalidParametersError, UnsupportedMediaTypeError
from fleetlane.http.file_names import read_form

_DEEPEST = 64
_LARGEST_INTEGER = 2**63 - 1
_LONGEST_NUMBER = 400
_MARK = "\ufeff"
_LARGE_BYTES = 256 * 1024
"""A body of more bytes is read beside the event loop."""
_MOST_VALUES = 500_000
"""Python reads a list of lists in one go, in which nothing else runs."""
_NOT_UTF_8 = (
    "is not UTF-8. Send JSON as UTF-8. PowerShell 5.1's Invoke-RestMethod sends texts as Latin-1: send "
    "[Text.Encoding]::UTF8.GetBytes($json) as the body, with -ContentType 'application/json; charset=utf-8'."
)


def parse_strict(body: bytes) -> Any:
    """Return the value of a JSON body.

    Raises:
        InvalidParametersError: it is not JSON, or JSON that is refused; says why.
        BodyTooLargeError: it holds more values than any request needs.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(f"{_NOT_UTF_8}{_guess(body)}") from error
    if text.startswith(_MARK):
        raise _refused("begins with a byte order mark, as files of Windows do: save it as UTF-8 without one")
    if len(body) > _LARGE_BYTES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise BodyTooLargeError(f"The body holds more than {_MOST_VALUES} values. Send it in parts.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_distinct_keys,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_bounded_float,
        )
    except json.JSONDecodeError as error:
        raise _refused(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _refused(f"is nested deeper than {_DEEPEST} levels") from error
    except ValueError as error:
        raise _refused(str(error)) from error
    _check(value)
    return value


def _guess(body: bytes) -> str:
    """Return what a body that is not UTF-8 may be instead."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return " This one is UTF-16, as PowerShell 5.1 writes files: save it as UTF-8."
    return " This one looks like Latin-1 (ISO-8859-1)."


def _refused(why: str) -> InvalidParametersError:
    return InvalidParametersError.one("body", why)


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"holds the key {twice[:100]!r} twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"holds {name}, which is not JSON")


def _bounded_int(text: str) -> int:
    if len(text) > 20 or not -_LARGEST_INTEGER - 1 <= int(text) <= _LARGEST_INTEGER:
        raise ValueError(f"holds an integer that does not fit 64 bits: {text[:24]}")
    return int(text)


def _bounded_float(text: str) -> float:
    value = float(text) if len(text) <= _LONGEST_NUMBER else float("inf")
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"holds a number that is too large: {text[:24]}")
    return value


def _check(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(_DEEPEST + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                members = cast("dict[str, Any]", item)
                for key, child in members.items():
                    _check_text(key)
                    below.append(child)
            elif isinstance(item, list):
                below.extend(cast("list[Any]", item))
        if not below:
            return
        level = below
    raise _refused(f"is nested deeper than {_DEEPEST} levels")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused("holds half of a character (a lone surrogate)") from error


class StrictJsonRoute(APIRoute):
    """A route whose JSON body is read strictly before FastAPI sees it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the strict reading in front."""
        handle = super().get_route_handler()
        takes_json = self.body_field is not None

        async def read_first(request: Request) -> Response:
            if takes_json:
                await _read(request)
            return await handle(request)

        return read_first


class MultipartRoute(APIRoute):
    """A route whose body is a form with files."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check of the content type in front."""
        handle = super().get_route_handler()

        async def check_first(request: Request) -> Response:
            if _content_type(request) != "multipart/form-data":
                raise UnsupportedMediaTypeError("The body must be a form with a file: send multipart/form-data.")
            await read_form(request)
            return await handle(request)

        return check_first


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request) -> None:
    body = await request.body()
    if not body:
        return
    kind = _content_type(request)
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaTypeError("The body must be JSON: send Content-Type: application/json.")
    value = await asyncio.to_thread(parse_strict, body) if len(body) > _LARGE_BYTES else parse_strict(body)
    # Starlette keeps a parsed body under this name; FastAPI then takes ours.
    request._json = value  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class BodyLimit:
    """ASGI middleware that refuses bodies over a limit, also those that do not say their length.

    Args:
        app: what is behind it.
        limit_bytes: the largest body.
        others: other limits, by the whole path.
    """

    def __init__(self, app: Any, limit_bytes: int, others: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit_bytes
        self._others = others

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._others.get(scope["path"], self._limit)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        taken = int(declared) if declared.isdigit() else 0
        if taken > limit:
            raise _too_large(limit)
        taken = 0

        async def counted() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is larger than {limit_bytes} bytes.")
