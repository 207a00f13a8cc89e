"""A phone that answers what another one answered in a recording, in virtual time, behind an adb server in memory.

The real driver, adbutils and uiautomator2 run on it unmodified, as on simulated phones (`simulator.virtual.fleet`).
"""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Mapping
from typing import Any

from PIL import Image

from fleetlane.core.transcript import Exchange, Transcript
from fleetlane.simulator.link.http_stream import Request, next_request, response
from fleetlane.simulator.link.phone_link import UI_SERVER
from fleetlane.simulator.link.stream import Service, Stream
from fleetlane.simulator.virtual.adb_socket import HostTimeoutError, VirtualSocket
from fleetlane.simulator.virtual.clock import VirtualClock
from fleetlane.simulator.virtual.fleet import VirtualAdb
from fleetlane.simulator.virtual.recorded_answers import RecordedAnswers

SERIAL = "RECORDED"
_AUTOMATION = "tcp:"
_GREY = (128, 128, 128)
_PICTURE_SIZE = (360, 780)


class ReplayedPhone:
    """One phone as a socket sees it (`simulator.virtual.adb_socket.Line`)."""

    def __init__(self, transcript: Transcript, clock: VirtualClock) -> None:
        self.absent = ""
        self.waits_s = 0.0
        self.open_sockets: set[VirtualSocket] = set()
        self.answers = RecordedAnswers(transcript.exchanges)
        self._clock = clock
        self.services: Mapping[str, Service] = {
            "shell:": self._shell,
            "sync:": self._sync,
            _AUTOMATION: self._http,
            "": self._other,
        }

    @property
    def serial(self) -> str:
        """Return the serial that stands for every recorded one."""
        return SERIAL

    def settle(self) -> None:
        """Let what is due happen: nothing happens by itself."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)

    def accepts(self, service: str) -> bool:
        """Return whether a service was answered, where the recording is now: the automation server may not run."""
        if not service.startswith(_AUTOMATION):
            return True
        coming = self.answers.peek(("service", "http", "rpc"))
        if coming is None or coming.asked != service or "failed" not in coming.answer:
            return True
        self._passed(self.answers.to("service", service))
        return False

    def _passed(self, one: Exchange) -> Mapping[str, Any]:
        """Let the time pass that an answer took, and at least until it was there in the recording, and return it.

        Raises:
            HostTimeoutError: nothing came; the caller waits for as long as it likes to.
            EOFError: the stream ended before the answer.
        """
        if "silent" in one.answer:
            self.wait(max(self.waits_s, one.took_s))
            raise HostTimeoutError
        self.wait(max(one.took_s, self.answers.due_s - self._clock.monotonic_s()))
        if "lost" in one.answer:
            raise EOFError("lost")
        return one.answer

    async def _shell(self, stream: Stream, line: str) -> None:
        one = self.answers.to("shell", line)
        if UI_SERVER in line:  # it runs for as long as the host wants
            await stream.write(str(one.answer.get("text", "")).encode())
            await stream.read_some()
            return
        answer = self._passed(one)
        content = _picture(answer["picture"], "PNG") if "picture" in answer else str(answer.get("text", "")).encode()
        await stream.write(content)

    async def _other(self, stream: Stream, name: str) -> None:
        del stream
        self._passed(self.answers.to("service", name))

    async def _sync(self, stream: Stream, _argument: str) -> None:
        while True:
            verb, size = struct.unpack("<4sI", await stream.read(8))
            path = (await stream.read(size)).decode("utf-8", "replace")
            if verb == b"SEND":
                await self._receive(stream, path)
                continue
            answer = self._passed(self.answers.to("sync", f"{verb.decode('ascii', 'replace')} {path}"))
            await stream.write(b"STAT" + struct.pack("<III", *answer["stat"]))

    async def _receive(self, stream: Stream, path: str) -> None:
        total = 0
        while True:
            kind, size = struct.unpack("<4sI", await stream.read(8))
            if kind != b"DATA":
                break
            await stream.read(size)
            total += size
        answer = self._passed(self.answers.to("sync", f"SEND {path}", total))
        await stream.write(str(answer["sent"]).encode() + bytes(4))

    async def _http(self, stream: Stream, _port: str) -> None:
        while (request := await next_request(stream)) is not None:
            status, content = self._answer(request)
            await stream.write(response(status, request.path, content))

    def _answer(self, request: Request) -> tuple[int, bytes]:
        call: dict[str, Any] = json.loads(request.body) if request.body else {}
        if "method" not in call:
            answer = self._passed(self.answers.to("http", f"{request.method} {request.path}"))
            return int(answer["status"]), str(answer["text"]).encode()
        answer = self._passed(self.answers.to("rpc", str(call["method"]), call.get("params")))
        if "status" in answer:
            return int(answer["status"]), str(answer["text"]).encode()
        said: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id", 1)}
        if "picture" in answer:
            said["result"] = base64.b64encode(_picture(answer["picture"], "JPEG")).decode()
        else:
            said.update({key: answer[key] for key in ("result", "error") if key in answer})
        return 200, json.dumps(said, ensure_ascii=False).encode()


def _picture(about: Mapping[str, Any], kind: str) -> bytes:
    """Return a recorded picture, or a grey one where none was kept."""
    if "content" in about:
        return base64.b64decode(about["content"])
    out = io.BytesIO()
    size = tuple(about["size"])
    Image.new("RGB", size if all(size) else _PICTURE_SIZE, _GREY).save(out, kind)
    return out.getvalue()


class ReplayAdb(VirtualAdb):
    """A client of an adb server that has one phone, which is replayed."""

    def __init__(self, transcript: Transcript) -> None:
        self.clock = VirtualClock(transcript.header.wall_s)
        self.phone = ReplayedPhone(transcript, self.clock)
        super().__init__([self.phone])
