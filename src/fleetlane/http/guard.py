"""The guard in front of every route: only requests that were meant for this server, from here, pass.

Calls of the API pass only where the licence's plan includes it, whatever they ask for. Where a token is set,
everything but the two health pages asks for it; a browser is sent to the page that takes it, and opens the other
pages, never the API, with the cookie that page gives. What it follows there ends with its session.

The paths of hosts ask for a host's token by themselves; neither the owner's nor a licence is asked for there.
Of WebSockets only the links of hosts pass, which no browser may open; they show a token of their own behind it.

Against DNS rebinding the Host must be one of ours; against other web sites any request that a browser
marks as foreign is refused, on every method. Programs send no such marks and pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from fastapi.responses import RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser

from fleetlane.core.errors import (
    FieldError,
    FleetlaneError,
    ForeignRequestError,
    InvalidParametersError,
    LicenseRefusedError,
    NotFoundError,
    TokenRequiredError,
)
from fleetlane.core.license import License
from fleetlane.core.loopback import is_loopback
from fleetlane.http.cut_off import only_while
from fleetlane.http.envelope import ALWAYS
from fleetlane.http.errors import ErrorAnswers
from fleetlane.http.rate_limit import RateLimit
from fleetlane.work.access.access import Access, bearer
from fleetlane.work.hosts.wire import LINK_PATH

_LOGIN = "/login"
_OPEN_PATHS = frozenset({"/healthz", "/readyz", _LOGIN})
_OPEN_FOLDER = "/static/"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s\[\]:/?#@\\]+)(:[0-9]{0,5})?", re.IGNORECASE)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "")
_SAME_SITE = frozenset({b"same-origin", b"none"})


class Guard:
    """ASGI middleware: refuses foreign requests, and answers errors that come before any route.

    Args:
        app: what is behind it.
        answers: makes the error answers.
        api_prefix: where the paths of the API begin.
        license: what is allowed; asked at each call of the API.
        allowed_hosts: host names this server may be called by, beside the loopback names.
        access: knows who may use a server that asks for a token.
        session_cookie: the name of the cookie with a session of the pages.
        requests_per_s: how many requests one address may send each second; 0 for any number.
        host_paths: where the paths of hosts begin.
    """

    def __init__(
        self,
        app: Any,
        answers: ErrorAnswers,
        api_prefix: str,
        license: Callable[[], License],  # noqa: A002
        *,
        allowed_hosts: Collection[str] = (),
        access: Access,
        session_cookie: str,
        requests_per_s: float = 0,
        host_paths: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._answers = answers
        self._api_prefix = api_prefix
        self._license = license
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._access = access
        self._cookie = session_cookie
        self._rate = RateLimit(requests_per_s)
        self._host_paths = host_paths

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Check a request and pass it on."""
        if scope["type"] == "websocket":
            await self._pass_link(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send, sessions = _with_headers(send), self._access.sessions
        try:
            headers = dict(scope["headers"])
            _must_have_one_length(headers)
            self._check(headers)
            if scope["method"] not in ("GET", "HEAD"):
                _must_be_no_form_of_a_browser(headers)
            address: str = scope["client"][0] if scope.get("client") else ""
            self._rate.check(address)
            path: str = scope["path"]
            of_host = path.startswith(self._host_paths)
            of_api = path.startswith(f"{self._api_prefix}/") and not of_host
            if path not in _OPEN_PATHS and not path.startswith(_OPEN_FOLDER) and not of_host:
                secret = self._must_have_token(headers, address, of_api=of_api)
                if secret:
                    scope, receive, send = only_while(lambda: sessions.goes_on(secret), scope, receive, send)
            if of_api:
                self._must_have_api()
            await self._app(scope, receive, send)
        except TokenRequiredError as error:
            if scope["method"] == "GET" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
                await RedirectResponse(_LOGIN, 303)(scope, receive, send)
            else:
                await self._answers.for_error(error)(scope, receive, send)
        except FleetlaneError as error:
            answer = self._answers.for_error(error)
            if isinstance(error, _TwoLengthsError):
                answer.headers["connection"] = "close"
            await answer(scope, receive, send)

    async def _pass_link(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the link of a host on, whatever the licence's plan; its token is asked for where it leads."""
        try:
            headers = dict(scope["headers"])
            self._check(headers)
            if any(name == b"origin" or name.startswith(b"sec-fetch-") for name in headers):
                raise ForeignRequestError("Links are for hosts: a browser may not open one.")
            self._rate.check(scope["client"][0] if scope.get("client") else "")
            if scope["path"] != LINK_PATH:
                raise NotFoundError("route", f"WebSocket {scope['path'][:200]}")
            await self._app(scope, receive, send)
        except FleetlaneError as error:
            await self._answers.for_error(error)(scope, receive, send)

    def _check(self, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_ours(_host_name(host)):
            raise ForeignRequestError(
                f"This server is not called {host[:100]!r}. Use http://localhost, or add the name to allowed_hosts."
            )
        site = headers.get(b"sec-fetch-site")
        if site is not None and site not in _SAME_SITE:
            raise ForeignRequestError("A page of another site may not use this server.")
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").partition("://")[2].lower() != host.lower():
            raise ForeignRequestError("A page of another origin may not use this server.")

    def _must_have_token(self, headers: dict[bytes, bytes], address: str, *, of_api: bool) -> str:
        """Return the secret of the session that lets a request in; "" where none is needed."""
        if not self._access.asks:
            return ""
        secret = "" if of_api else cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(self._cookie, "")
        if secret and self._access.sessions.holds(secret):
            return secret
        self._access.must_be_right(bearer(headers.get(b"authorization", b"").decode("latin-1")), address)
        return ""

    def _must_have_api(self) -> None:
        license_ = self._license()
        if not license_.plan.has_api:
            raise LicenseRefusedError(f"The {license_.plan} plan has no API access. {license_.message}")

    def _is_ours(self, name: str | None) -> bool:
        return name is not None and (name in self._hosts or is_loopback(name))


class _TwoLengthsError(InvalidParametersError):
    """A body has two lengths: what stands before this server may see its end elsewhere, and another request there."""


def _must_have_one_length(headers: dict[bytes, bytes]) -> None:
    if b"content-length" in headers and b"transfer-encoding" in headers:
        raise _TwoLengthsError([FieldError("body", "has two lengths: send Content-Length or Transfer-Encoding")])


def _must_be_no_form_of_a_browser(headers: dict[bytes, bytes]) -> None:
    """Refuse what a form of another site could send by a browser too old to mark it; programs and our pages pass."""
    marked = any(name in headers for name in (b"origin", b"sec-fetch-site", b"hx-request", b"x-requested-with"))
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if not marked and kind in _FORMS and headers.get(b"user-agent", b"").startswith(b"Mozilla/"):
        raise ForeignRequestError("A browser must say which page asks: send Content-Type: application/json.")


def _with_headers(send: Any) -> Any:
    async def with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers


def _host_name(host: str) -> str | None:
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else None
