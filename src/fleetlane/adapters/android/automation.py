"""The automation server of a phone, over one stream for looks.

uiautomator2 opens a stream of adb for each call. What only looks may be asked twice, so it goes over one that is kept
open; when that is gone, the library's own way is taken, which also starts the server anew. What acts on the phone
always goes the library's way: a stream that had ended unnoticed would leave in doubt whether it was heard.
"""

# adbutils and uiautomator2 carry few types; what they return is typed here, at the border.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import http.client
import json
import time
from contextlib import closing, suppress
from typing import Any

import adbutils
import uiautomator2
from uiautomator2 import exceptions as u2_errors
from uiautomator2.core import DEFAULT_SERVER_PORT, AdbHTTPConnection

from fleetlane.adapters.android.transport import LaneDevice

_LOOKS = frozenset({"dumpWindowHierarchy", "takeScreenshot", "objInfo", "objInfoOfAllInstances", "getClipboard"})
_KEPT_FOR_S = 3.0  # the server closes a stream that was idle for 5
_HEADERS = {"User-Agent": "uiautomator2", "Accept-Encoding": "", "Content-Type": "application/json"}


class LaneAutomation(uiautomator2.Device):
    """uiautomator2, but that looks share a stream."""

    def __init__(self, device: LaneDevice) -> None:
        self._stream: http.client.HTTPConnection | None = None
        self._used_s = 0.0
        super().__init__(device)

    def jsonrpc_call(self, method: str, params: Any = None, timeout: float = 10) -> Any:
        """Call the server (see uiautomator2)."""
        if method in _LOOKS:
            answer = self._asked_over_stream(method, params)
            if answer is not None and "result" in answer:
                return answer["result"]
            if answer is not None and _is_plain(str(answer.get("error"))):
                error = answer["error"]
                message = f"Unknown RPC error: {error.get('code')} {error.get('message')}"
                raise u2_errors.RPCUnknownError(message, params, error.get("data"))
        return super().jsonrpc_call(method, params, timeout)

    def stop_uiautomator(self, wait: bool = True) -> None:
        """Stop the server (see uiautomator2)."""
        self._hang_up()
        super().stop_uiautomator(wait)

    def _asked_over_stream(self, method: str, params: Any) -> dict[str, Any] | None:
        """Return the server's answer, None when the stream does not bring one."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            stream = self._open()
            stream.request("POST", "/jsonrpc/0", json.dumps(call), headers=_HEADERS)
            response = stream.getresponse()
            content = response.read()
            answer: Any = json.loads(content) if response.status == http.client.OK else None
        except TimeoutError:
            self._hang_up()
            raise  # a phone that does not answer is not asked once more
        except (OSError, EOFError, http.client.HTTPException, adbutils.AdbError, u2_errors.HTTPError, ValueError):
            self._hang_up()
            return None
        self._used_s = time.monotonic()
        return answer if isinstance(answer, dict) else None

    def _open(self) -> http.client.HTTPConnection:
        if self._stream is not None and time.monotonic() - self._used_s > _KEPT_FOR_S:
            self._hang_up()
        if self._stream is None:
            self._stream = AdbHTTPConnection(self._dev, self._device_server_port)
        return self._stream

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()


def automation_answers(device: LaneDevice) -> bool:
    """Return whether an automation server answers on a phone, whoever has started it; it starts none."""
    try:
        with closing(AdbHTTPConnection(device, DEFAULT_SERVER_PORT)) as connection:
            connection.request("GET", "/ping", headers=_HEADERS)
            return connection.getresponse().read() == b"pong"
    except (OSError, EOFError, http.client.HTTPException, adbutils.AdbError, u2_errors.HTTPError):
        return False


def _is_plain(error: str) -> bool:
    """Return whether an error is the call's own, and not one for which uiautomator2 starts the server anew."""
    return not any(
        word in error for word in ("UiAutomation not connected", "DeadObject", "DeadSystem", "StackOverflow")
    )
