"""Outside the API's prefix: health, and the API's own documentation, served without any other site."""

from __future__ import annotations

from importlib import resources
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from fleetlane.core.errors import NotFoundError, StoreBusyError
from fleetlane.http.envelope import success
from fleetlane.scripts.packs import HeldPack
from fleetlane.web.wiring import Wired
from fleetlane.work.access.access import bearer
from fleetlane.work.services import Services

router = APIRouter(include_in_schema=False)

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_START = (
    "window.ui = SwaggerUIBundle({url: '/openapi.json', dom_id: '#ui', deepLinking: true, "
    "validatorUrl: null, displayRequestDuration: true});"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Fleetlane API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
# Swagger UI sets styles from its script; nothing may be loaded from anywhere else.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@router.get("/healthz")
async def health(request: Request, services: Wired) -> JSONResponse:
    """Say whether the server can do its work, and, to whoever may use it, what is wrong in sentences."""
    found = services.health()
    status = "ok" if not found.problems else "degraded"
    if not _may_know(request, services):
        return JSONResponse({"status": status})
    body: dict[str, Any] = {
        "status": status,
        "problems": list(found.problems),
        "devices": {
            "known": found.devices_known,
            "ready": found.devices_ready,
            "unauthorized": found.devices_unauthorized,
        },
        "packs": {held.pack.app: _pack(held) for held in services.packs().held.values()},
    }
    return JSONResponse(body)


def _pack(held: HeldPack) -> dict[str, Any]:
    """Return the version of a pack in force, and what of the user's lies over it: files, and packages of settings."""
    return {"version": held.pack.version, "files": list(held.files), "app_packages": list(held.named)}


def _may_know(request: Request, services: Services) -> bool:
    access = services.access
    if not access.asks or access.sessions.holds(request.cookies.get(request.app.state.session_cookie, "")):
        return True
    return access.is_right(
        bearer(request.headers.get("authorization", "")), request.client.host if request.client else ""
    )


@router.get("/readyz")
async def ready(services: Wired) -> dict[str, Any]:
    """Say whether requests can be served: 50301 while nothing can be stored."""
    problem = services.health().store_problem
    if problem is not None:
        raise StoreBusyError(problem)
    return success({"ready": True})


@router.get("/docs")
async def documentation() -> HTMLResponse:
    """Show the API's documentation."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
async def documentation_file(name: str) -> Response:
    """Serve a file of the documentation."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _ASSETS:
        raise NotFoundError("file", f"docs/{name[:100]}")
    content = resources.files("fleetlane.http").joinpath("swagger", name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})
