"""The guard in front of every route: only requests that were meant for this server, from here, pass.

Calls of the API pass only where the licence's plan includes it, whatever they ask for. Where a token is set,
everything but the two health pages asks for it; a browser is sent to the page that takes it, and opens the other
pages, never the API, with the cookie that page gives.

Against DNS rebinding the Host must be one of ours; against other web sites any request that a browser
marks as foreign is refused, on every method. Programs send no such marks and pass.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse
from starlette.requests import cookie_parser

from fleetlane.core.errors import FleetlaneError, ForeignRequestError, LicenseRefusedError, TokenRequiredError
from fleetlane.core.license import License
from fleetlane.core.loopback import is_loopback
from fleetlane.http.errors import ErrorAnswers
from fleetlane.http.rate_limit import RateLimit

_LOGIN = "/login"
_OPEN_PATHS = frozenset({"/healthz", "/readyz", _LOGIN})
_OPEN_FOLDER = "/static/"
SESSION_COOKIE = "fleetlane_session"
_SAME_SITE = frozenset({b"same-origin", b"none"})


def session_of(token: str) -> str:
    """Return the cookie that stands for a token; the token cannot be found out from it."""
    return hmac.new(token.encode(), b"fleetlane pages", "sha256").hexdigest()


class Guard:
    """ASGI middleware: refuses foreign requests, and answers errors that come before any route.

    Args:
        app: what is behind it.
        answers: makes the error answers.
        api_prefix: where the paths of the API begin.
        license: what is allowed; asked at each call of the API.
        allowed_hosts: host names this server may be called by, beside the loopback names.
        token: what every request must carry; None for none.
        requests_per_s: how many requests one address may send each second; 0 for any number.
    """

    def __init__(
        self,
        app: Any,
        answers: ErrorAnswers,
        api_prefix: str,
        license: Callable[[], License],  # noqa: A002
        *,
        allowed_hosts: Collection[str] = (),
        token: str | None = None,
        requests_per_s: float = 0,
    ) -> None:
        self._app = app
        self._answers = answers
        self._api_prefix = api_prefix
        self._license = license
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._token = token.encode() if token else None
        self._session = session_of(token) if token else ""
        self._rate = RateLimit(requests_per_s)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Check a request and pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = dict(scope["headers"])
            self._check(headers)
            self._rate.check(scope["client"][0] if scope.get("client") else "")
            path: str = scope["path"]
            of_api = path.startswith(f"{self._api_prefix}/")
            if path not in _OPEN_PATHS and not path.startswith(_OPEN_FOLDER):
                self._must_have_token(headers, of_api=of_api)
            if of_api:
                self._must_have_api()
            await self._app(scope, receive, send)
        except TokenRequiredError as error:
            if scope["method"] == "GET" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
                await RedirectResponse(_LOGIN, 303)(scope, receive, send)
            else:
                await self._answers.for_error(error)(scope, receive, send)
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

    def _must_have_token(self, headers: dict[bytes, bytes], *, of_api: bool) -> None:
        if self._token is None:
            return
        if not of_api and self._has_session(headers):
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise TokenRequiredError("This server asks for its token: send the header `Authorization: Bearer TOKEN`.")

    def _has_session(self, headers: dict[bytes, bytes]) -> bool:
        cookies = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
        return hmac.compare_digest(cookies.get(SESSION_COOKIE, "").encode(), self._session.encode())

    def _must_have_api(self) -> None:
        license_ = self._license()
        if not license_.plan.has_api:
            raise LicenseRefusedError(f"The {license_.plan} plan has no API access. {license_.message}")

    def _is_ours(self, name: str | None) -> bool:
        return name is not None and (name in self._hosts or is_loopback(name))


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
