"""Calls of a running server from the command line: the envelope opened, every failure a sentence."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Self

import httpx2

from fleetlane.core.errors import FleetlaneError
from fleetlane.settings import Settings

_TIMEOUT_S = 30.0


class ServerCallError(FleetlaneError):
    """The server does not answer, or refuses."""


class Api:
    """The API of one server.

    Args:
        url: where it is, such as http://localhost:50809.
        token: what it asks for, None for nothing.
        timeout_s: how long an answer may take.
        tls: checks its certificate; as this computer trusts them unless given.
    """

    def __init__(
        self, url: str, token: str | None = None, timeout_s: float = _TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._http = httpx2.Client(
                base_url=f"{self._url}/api/v1", headers=headers, timeout=timeout_s, verify=tls or True
            )
        except httpx2.InvalidURL as error:
            raise ServerCallError(f"{url!r} is no address of a server: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """Return the data of a GET."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """Return the data of a POST."""
        return self._call("POST", path, body)

    def delete(self, path: str) -> Any:
        """Return the data of a DELETE."""
        return self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: Any) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise ServerCallError(
                f"No server answers at {self._url} ({error}). Start it with `fleetlane serve`, or name it with --url."
            ) from error
        try:
            envelope = answer.json()
            code, message, data = envelope["code"], envelope["message"], envelope["data"]
        except (ValueError, TypeError, KeyError) as error:
            raise ServerCallError(f"What answers at {self._url} is no Fleetlane server.") from error
        if code != 0:
            raise ServerCallError(f"The server refuses ({code}): {message}")
        return data


def api_of(settings: Settings, url: str | None = None, timeout_s: float = _TIMEOUT_S) -> Api:
    """Return the API of the server at an address; of the one of the settings, on this computer, when none is given."""
    if url or settings.tls_cert is None:
        return Api(url or f"http://localhost:{settings.port}", settings.secret_token, timeout_s)
    # It is known by its very certificate, which names other hosts than localhost.
    tls = ssl.create_default_context(cafile=settings.tls_cert)
    tls.check_hostname = False
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return Api(f"https://localhost:{settings.port}", settings.secret_token, timeout_s, tls)
