"""From errors to answers. No answer, whatever came in, leaves the envelope."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fleetlane.core.errors import (
    ConflictError,
    FieldError,
    FleetlaneError,
    InvalidParametersError,
    NotFoundError,
    ScriptUnknownError,
    ServerBusyError,
    StoreBusyError,
    StoreFullError,
    TokenRequiredError,
    TooManyRequestsError,
)
from fleetlane.http.envelope import ALWAYS, ErrorEnvelope
from fleetlane.web.error_codes import INTERNAL_ERROR, MEANINGS, code_of

log = structlog.get_logger(__name__)

_CLIENT_GONE = 499
EVERYWHERE = (40101, 40301, 40302, 41301, 42901, 50001)
"""Codes that any route of the API may answer."""


def documented(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for the codes a route may answer, beside those that every route may."""
    by_status: dict[int, list[int]] = {}
    for code in sorted({*codes, *EVERYWHERE}):
        by_status.setdefault(code // 100, []).append(code)
    return {
        status: {
            "model": ErrorEnvelope,
            "description": "; ".join(f"{code}: {MEANINGS[code]}" for code in group),
            "content": {"application/json": {"schema": {"properties": {"code": {"enum": group}}}}},
        }
        for status, group in by_status.items()
    }


class ErrorAnswers:
    """Makes error answers.

    Args:
        always_200: answer with HTTP 200 whatever the code, for clients that cannot read others.
    """

    def __init__(self, *, always_200: bool = False) -> None:
        self._always_200 = always_200

    def answer(
        self, code: int, message: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        """Return an error answer."""
        status = 200 if self._always_200 else code // 100
        # An error nobody foresaw is answered outside of the guard, which gives these to all others.
        body = {"code": code, "message": message, "data": data}
        return JSONResponse(body, status, headers={**ALWAYS, **(headers or {})})

    def for_error(self, error: FleetlaneError) -> JSONResponse:
        """Return the answer for one of our errors."""
        code = code_of(error)
        if code == INTERNAL_ERROR:
            return self.internal(error)
        headers: dict[str, str] = {}
        if isinstance(error, (StoreBusyError, ServerBusyError, TooManyRequestsError)):
            headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, TokenRequiredError):
            headers["WWW-Authenticate"] = "Bearer"
        return self.answer(code, str(error), _data(error), headers)

    def internal(self, error: Exception) -> JSONResponse:
        """Return the answer for an error nobody foresaw; only its log line knows more."""
        error_id = secrets.token_hex(6)
        log.error("request_failed", error_id=error_id, exc_info=error)
        message = f"The server failed; its log has the details under {error_id}."
        return self.answer(INTERNAL_ERROR, message, {"error_id": error_id})

    def _unforeseen(self, error: Exception) -> JSONResponse:
        if isinstance(error, FleetlaneError):
            return self.for_error(error)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return self.for_error(StoreFullError("The disk is full: nothing was kept. Free some space on it."))
        return self.internal(error)

    def install(self, app: FastAPI) -> None:
        """Let an app answer every error this way."""

        async def ours(_request: Request, error: Exception) -> JSONResponse:
            assert isinstance(error, FleetlaneError)
            return self.for_error(error)

        async def invalid(_request: Request, error: Exception) -> JSONResponse:
            assert isinstance(error, RequestValidationError)
            return self.for_error(InvalidParametersError(_field_errors(error)))

        async def routing(request: Request, error: Exception) -> JSONResponse:
            assert isinstance(error, HTTPException)
            if error.status_code in (404, 405):
                return self.for_error(NotFoundError("route", f"{request.method} {request.url.path[:200]}"))
            if isinstance(error.__cause__, (FleetlaneError, OSError)):
                return self._unforeseen(error.__cause__)  # FastAPI wraps what broke the reading of a form
            if error.status_code == 400:
                return self.for_error(InvalidParametersError.one("body", str(error.detail)))
            return self.internal(error)

        async def gone(_request: Request, _error: Exception) -> Response:
            return Response(status_code=_CLIENT_GONE)  # nobody is there to read it

        async def unforeseen(_request: Request, error: Exception) -> JSONResponse:
            return self._unforeseen(error)

        app.add_exception_handler(FleetlaneError, ours)
        app.add_exception_handler(RequestValidationError, invalid)
        app.add_exception_handler(HTTPException, routing)
        app.add_exception_handler(ClientDisconnect, gone)
        app.add_exception_handler(Exception, unforeseen)


def _data(error: FleetlaneError) -> Any:
    match error:
        case InvalidParametersError():
            return {"errors": [_problem(one) for one in error.errors]}
        case ConflictError():
            return error.data
        case ScriptUnknownError():
            return {"supported": list(error.supported)}
        case _:
            return None


def _problem(error: FieldError) -> dict[str, str]:
    more = {"target": error.target, "code": error.code}
    told = {name: value for name, value in more.items() if value is not None}
    return {"field": error.field, "message": error.message, **told}


def _field_errors(error: RequestValidationError) -> list[FieldError]:
    found: list[FieldError] = []
    for item in error.errors()[:50]:
        place = [str(part) for part in item["loc"]]
        path = ".".join(place[1:]) if len(place) > 1 else place[0]
        found.append(FieldError(path, str(item["msg"]).removeprefix("Value error, ")))
    return found
