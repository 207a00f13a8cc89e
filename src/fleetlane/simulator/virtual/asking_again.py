"""Asks a simulated phone what another phone was asked in a recording, at the same instants, in virtual time."""

# adbutils carries few types; what it returns is typed here, at the border.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import base64
import http.client
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import adbutils

from fleetlane.core.transcript import Exchange
from fleetlane.simulator.link.phone_link import UI_SERVER, UI_SERVICE
from fleetlane.simulator.virtual.adb_socket import VirtualConnection
from fleetlane.simulator.virtual.clock import VirtualClock
from fleetlane.simulator.virtual.fleet import VirtualAdb

_PIECE = 64 * 1024
_JSON_RPC = "/jsonrpc/0"


class AskedAgain:
    """One recording put to one simulated phone.

    Args:
        adb: reaches the phone.
        serial: of the phone.
        clock: of the phone.
        content: returns so many bytes for a file that is copied to the phone.
    """

    def __init__(self, adb: VirtualAdb, serial: str, clock: VirtualClock, content: Callable[[int], bytes]) -> None:
        self._adb = adb
        self._serial = serial
        self._clock = clock
        self._content = content
        self._servers: list[VirtualConnection] = []

    def pairs(self, exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
        """Yield each recorded exchange with what this phone answers to the same request."""
        for one in exchanges:
            self._clock.advance(max(0.0, one.at_s - self._clock.monotonic_s()))
            start_s = self._clock.monotonic_s()
            answer = self._answer(one)
            took_s = self._clock.monotonic_s() - start_s
            yield one, Exchange(start_s, took_s, one.kind, one.asked, one.params, answer)
        for server in self._servers:
            server.close()

    def _answer(self, one: Exchange) -> dict[str, Any]:
        try:
            return self._asked(one)
        except TimeoutError:
            return {"silent": True}
        except (EOFError, ConnectionError, http.client.HTTPException, struct.error):
            return {"lost": True}
        except adbutils.AdbError as error:
            return {"failed": str(error)}

    def _asked(self, one: Exchange) -> dict[str, Any]:
        match one.kind:
            case "shell" if UI_SERVER in one.asked:
                return self._start_server(one.asked)
            case "shell":
                with closing(self._open(f"shell:{one.asked}")) as connection:
                    content = connection.read_until_close(encoding=None)
                return {"picture": {}} if "picture" in one.answer else {"text": content.decode("utf-8", "replace")}  # pyright: ignore[reportAttributeAccessIssue] - bytes without an encoding
            case "rpc":
                return self._call(one)
            case "http":
                method, _, path = one.asked.partition(" ")
                status, content = self._http(method, path, None)
                return {"status": status, "text": content.decode()}
            case "sync":
                return self._transfer(one)
            case "service":
                with closing(self._open(one.asked)):
                    return {}
            case _:
                with closing(self._connected()):
                    return {}

    def _connected(self) -> VirtualConnection:
        connection = self._adb.make_connection()
        connection.send_command(f"host:tport:serial:{self._serial}")
        connection.check_okay()
        connection.read(8)
        return connection

    def _open(self, service: str) -> VirtualConnection:
        connection = self._connected()
        connection.send_command(service)
        connection.check_okay()
        return connection

    def _start_server(self, line: str) -> dict[str, Any]:
        server = self._open(f"shell:{line}")
        self._servers.append(server)
        return {"text": server.conn.recv(_PIECE).decode()}

    def _http(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        with closing(self._open(UI_SERVICE)) as connection:
            call = http.client.HTTPConnection("localhost")
            call.sock = connection.conn
            call.request(method, path, body)
            response = call.getresponse()
            return response.status, response.read()

    def _call(self, one: Exchange) -> dict[str, Any]:
        # As json.dumps writes it, which is how uiautomator2 does.
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": one.asked, "params": one.params}).encode()
        status, content = self._http("POST", _JSON_RPC, body)
        if status != 200:
            return {"status": status, "text": content.decode()}
        said: dict[str, Any] = json.loads(content)
        if one.asked == "takeScreenshot" and said.get("result"):
            return {"picture": {"bytes": len(base64.b64decode(said["result"]))}}
        return {key: said[key] for key in ("result", "error") if key in said}

    def _transfer(self, one: Exchange) -> dict[str, Any]:
        verb, _, path = one.asked.partition(" ")
        with closing(self._open("sync:")) as connection:
            encoded = path.encode()
            connection.conn.sendall(verb.encode() + struct.pack("<I", len(encoded)) + encoded)
            if verb == "STAT":
                return {"stat": list(struct.unpack("<III", connection.read_exact(16)[4:]))}
            content = self._content(int(one.params or 0))
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE]
                connection.conn.sendall(b"DATA" + struct.pack("<I", len(piece)) + piece)
            connection.conn.sendall(b"DONE" + struct.pack("<I", int(self._clock.wall_s())))
            return {"sent": connection.read_exact(4).decode("ascii", "replace")}
