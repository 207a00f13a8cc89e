"""Where a token is set: the page that asks for it and begins a session, and the button that ends one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import TokenRequiredError
from fleetlane.dashboard.page import N_, PageRoute, redirect, render, toast, translate_text
from fleetlane.web.proxies import came_by_https
from fleetlane.web.wiring import Wired

router = APIRouter(route_class=PageRoute)


@router.get("/login")
async def show_login(request: Request) -> HTMLResponse:
    """Ask for the token."""
    return render(request, "login.html")


@router.post("/login")
async def log_in(request: Request, services: Wired, token: Annotated[str, Form(max_length=10_000)] = "") -> Response:
    """Take the token, begin a session, and go to the first page."""
    answer, access = redirect("/"), services.access
    if not access.asks:
        return answer
    try:
        access.must_be_right(token.strip().encode("utf-8", "replace"), request.client.host if request.client else "")
    except TokenRequiredError:
        return toast(request, translate_text(request, N_("This is not the server's token.")), failed=True)
    name, secure = request.app.state.session_cookie, came_by_https(request)
    secret = await access.sessions.begin()
    answer.set_cookie(name, secret, samesite="strict", httponly=True, secure=secure, path="/")
    return answer


@router.post("/logout")
async def log_out(request: Request, services: Wired) -> Response:
    """End the session of this browser."""
    name: str = request.app.state.session_cookie
    await services.access.sessions.end(request.cookies.get(name, ""))
    answer = redirect("/login")
    answer.delete_cookie(name, samesite="strict", httponly=True, secure=came_by_https(request), path="/")
    return answer
