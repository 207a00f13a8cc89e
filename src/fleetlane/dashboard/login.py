"""Where a token is set: the page that asks for it once, and keeps a cookie made from it."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.dashboard.page import N_, PageRoute, render, sent_to, told, translated
from fleetlane.http.guard import SESSION_COOKIE, session_of

router = APIRouter(prefix="/login", route_class=PageRoute)


@router.get("")
async def show_login(request: Request) -> HTMLResponse:
    """Ask for the token."""
    return render(request, "login.html")


@router.post("")
async def log_in(request: Request, token: Annotated[str, Form(max_length=10_000)] = "") -> Response:
    """Take the token, and go to the first page."""
    wanted: str | None = request.app.state.token
    if wanted is None:
        return sent_to("/")
    if not hmac.compare_digest(token.strip().encode(), wanted.encode()):
        return told(request, translated(request, N_("This is not the server's token.")), failed=True)
    answer = sent_to("/")
    answer.set_cookie(SESSION_COOKIE, session_of(wanted), samesite="strict", httponly=True, path="/")
    return answer
