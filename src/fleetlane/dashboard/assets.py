"""What the pages load, all of it from here: styles, scripts, live events; and the choice of the language."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from fleetlane.core.errors import NotFoundError
from fleetlane.dashboard.languages import COOKIE, LANGUAGES
from fleetlane.dashboard.page import PageRoute
from fleetlane.web.streams import follow_events

_YEAR_S = 365 * 24 * 60 * 60
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}

router = APIRouter(route_class=PageRoute)
router.add_api_route("/live", follow_events, methods=["GET"])


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("fleetlane.dashboard").joinpath("static")
    return {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()}


@router.get("/static/{name}")
async def asset(name: str, request: Request) -> Response:
    """Serve a file of the pages."""
    content = _files().get(name)
    if content is None:
        raise NotFoundError("file", f"static/{name[:100]}")
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_KINDS[name[name.rindex(".") :]], headers=headers)


@router.get("/language/{code}")
async def choose_language(code: str, back: str = "/") -> Response:
    """Remember a language, and go back to where the person was."""
    if code not in LANGUAGES:
        raise NotFoundError("language", code[:20])
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    answer = RedirectResponse(back if inside else "/", 303)
    answer.set_cookie(COOKIE, code, max_age=_YEAR_S, samesite="strict", httponly=True)
    return answer
