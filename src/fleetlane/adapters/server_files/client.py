"""Asks a server for files over HTTP, with a host's token (`http.host_files` is the other end)."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2

from fleetlane.core.errors import FleetlaneError

_ROUTES = "/api/v1/hosts/files"
_CONNECT_S, _SILENT_S = 5.0, 20.0
_FIRST_WAIT_S, _LONGEST_WAIT_S, _SLICE_S = 0.25, 4.0, 0.25
_LONGEST_RETRY_AFTER_S = 30.0
_BUSY = 503
T = TypeVar("T")
Params = Mapping[str, str | int | Sequence[str]]


class ServerAwayError(FleetlaneError):
    """The server does not answer, or not now: worth another try. `is_busy`: it is there, and asks for patience."""

    def __init__(self, message: str, *, retry_after_s: float = 0.0, is_busy: bool = False) -> None:
        self.retry_after_s = retry_after_s
        self.is_busy = is_busy
        super().__init__(message)


class ServerRefusedError(FleetlaneError):
    """The server answers that it will not. `error_code` is a key of `core.outcome.FAILURES` where it says one."""

    def __init__(self, message: str, status: int, error_code: str | None = None) -> None:
        self.status = status
        self.error_code = error_code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Download:
    """Content on its way. `begin`: which byte of it comes first, 0 when a server sends all of it whatever was asked."""

    begin: int
    chunks: Iterator[bytes]


def nothing_ends() -> None:
    """Never end a wait."""


class ServerFiles:
    """The files of a server, as a host asks for them. Blocking; from any thread, until `close`.

    Args:
        base_url: the server's, such as https://fleet.lan:8080.
        token: this host's.
        ca: a file with the certificates to trust, beside none of the system's; None: those of the system.
        patience_s: how long a server may be away before `patiently` gives up.

    Raises (every method): ServerAwayError, ServerRefusedError.
    """

    def __init__(self, base_url: str, token: str, ca: Path | None = None, *, patience_s: float = 30.0) -> None:
        self._http = httpx2.Client(
            base_url=f"{base_url.rstrip('/')}{_ROUTES}",
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            verify=ssl.create_default_context(cafile=str(ca)) if ca is not None else True,
            timeout=httpx2.Timeout(_SILENT_S, connect=_CONNECT_S),
            trust_env=False,
        )
        self._patience_s = patience_s
        self._closed = threading.Event()

    def ask(self, path: str, params: Params) -> Any:
        """Return the data of an answer."""
        with self._answer("GET", path, params=params) as response:
            return _data(response)

    def read(self, path: str, params: Params) -> bytes:
        """Return the content of a small file."""
        with self.download(path, params) as download:
            return b"".join(download.chunks)

    @contextmanager
    def download(self, path: str, params: Params | None = None, begin: int = 0) -> Generator[Download]:
        """Read the content of a file from a place on."""
        headers = {"Range": f"bytes={begin}-"} if begin else {}
        with self._answer("GET", path, params=params, headers=headers) as response:
            if response.status_code not in (200, 206) or _is_json(response):
                _data(response)
                raise ServerAwayError("The server's answer is no file.")
            yield Download(begin if response.status_code == 206 else 0, response.iter_raw())

    def put(self, path: str, content: bytes) -> None:
        """Bring a file. One that is there already is replaced."""
        with self._answer("PUT", path, content=content) as response:
            _data(response)

    def patiently(self, call: Callable[[], T], must_go_on: Callable[[], None] = nothing_ends) -> T:
        """Call something again while the server is away, and return what it returns.

        Args:
            call: may raise ServerAwayError.
            must_go_on: asked while it is waited; raises when it must not be.

        Raises:
            ServerAwayError: for longer than its patience, or until `close`; a server that is busy is not away.
        """
        until_s, delay_s = time.monotonic() + self._patience_s, _FIRST_WAIT_S
        while True:
            must_go_on()
            try:
                return call()
            except ServerAwayError as error:
                if error.is_busy:
                    until_s = time.monotonic() + self._patience_s
                if time.monotonic() >= until_s or self._closed.is_set():
                    raise
                self._wait(max(delay_s, error.retry_after_s), must_go_on)
                delay_s = min(2 * delay_s, _LONGEST_WAIT_S)

    def close(self) -> None:
        """Ask nothing more; who waits gives up."""
        self._closed.set()
        self._http.close()

    def _wait(self, seconds: float, must_go_on: Callable[[], None]) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0 and not self._closed.wait(min(left_s, _SLICE_S)):
            must_go_on()

    @contextmanager
    def _answer(self, method: str, path: str, **request: Any) -> Generator[httpx2.Response]:
        if self._closed.is_set():
            raise ServerAwayError("This host stops.")
        try:
            with self._http.stream(method, path, **request) as response:
                yield response
        except (httpx2.TransportError, httpx2.StreamError, httpx2.DecodingError) as error:
            raise ServerAwayError(f"The server does not answer: {error or type(error).__name__}.") from error


def _is_json(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("application/json")


def _data(response: httpx2.Response) -> Any:
    """Return the data of an envelope. Its code counts, as a server may be set to answer errors with 200."""
    envelope = _envelope(response)
    status = response.status_code if envelope is None else envelope["code"] // 100
    if status == 0 and envelope is not None:
        return envelope["data"]
    message = f"It answers {status}." if envelope is None else envelope["message"]
    if status >= 500 or status == 429 or status < 400:
        after_s = _seconds(response.headers.get("retry-after", ""))
        raise ServerAwayError(
            f"The server cannot answer now: {message}", retry_after_s=after_s, is_busy=status == _BUSY
        )
    data = cast("dict[str, Any]", (envelope or {}).get("data") or {})
    raise ServerRefusedError(message, status, data.get("error_code"))


def _envelope(response: httpx2.Response) -> dict[str, Any] | None:
    """Return an answer of ours; None for one of somebody between."""
    response.read()
    if not _is_json(response):
        return None
    try:
        found = response.json()
    except ValueError:
        return None
    envelope = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    is_ours = isinstance(envelope.get("code"), int) and "data" in envelope and isinstance(envelope.get("message"), str)
    return envelope if is_ours else None


def _seconds(text: str) -> float:
    return min(float(text), _LONGEST_RETRY_AFTER_S) if text.isdecimal() else 0.0
