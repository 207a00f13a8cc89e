"""Reads what goes over one connection to an adb server: which services of a phone were asked for, and what they said.

It only listens. Bytes of both directions come in as they are sent and received, in any pieces; out come exchanges
(`core.transcript`), with texts as they were.
Source: AOSP packages/modules/adb, OVERVIEW.TXT, SERVICES.TXT, SYNC.TXT.
"""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Callable, Generator
from typing import Any

from fleetlane.core.transcript import Exchange

MOST_TEXT_BYTES = 512 * 1024
"""Of the answer to one command; what is longer is cut."""
_MOST_PICTURE_BYTES = 16 * 1024 * 1024
UI_SERVER = "com.wetest.uia2.Main"
_PICTURES = ("screencap", "exec:screencap", "framebuffer:")
_PNG_SIZE = slice(16, 24)

Talk = Generator[None, None, Any]


class _EndedError(Exception):
    """One side closed the connection."""

    def __init__(self, *, by_phone: bool) -> None:
        self.by_phone = by_phone
        super().__init__()


class _Half:
    """What came from one side, and was not read yet."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended: _EndedError | None = None

    def take(self, count: int) -> Generator[None, None, bytes]:
        """Return exactly so many bytes."""
        while len(self.data) < count:
            if self.ended:
                raise self.ended
            yield
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken

    def until(self, mark: bytes) -> Generator[None, None, bytes]:
        """Return what comes before a mark, which is taken too."""
        while mark not in self.data:
            if self.ended:
                raise self.ended
            yield
        return (yield from self.take(self.data.index(mark) + len(mark)))[: -len(mark)]

    def rest(self, most_bytes: int = MOST_TEXT_BYTES) -> Generator[None, None, bytes]:
        """Return all until the connection ends, cut when it is longer."""
        kept = bytearray()
        while True:
            kept += self.data[: most_bytes - len(kept)]
            self.data.clear()
            if self.ended:
                return bytes(kept)
            yield

    def skip(self, count: int) -> Talk:
        """Take so many bytes, and keep none of them."""
        while count:
            if not self.data:
                if self.ended:
                    raise self.ended
                yield
            passed = min(count, len(self.data))
            del self.data[:passed]
            count -= passed


class Conversation:
    """One connection.

    Args:
        keep: gets each exchange.
        now_s: the seconds since the session began.
        pictures: whether pictures are kept.
    """

    def __init__(self, keep: Callable[[Exchange], None], now_s: Callable[[], float], *, pictures: bool = False) -> None:
        self._keep = keep
        self._now_s = now_s
        self._pictures = pictures
        self._lock = threading.Lock()
        self._sent, self._got = _Half(), _Half()
        self._pending: tuple[float, str, str, Any] | None = None
        self._over = False
        self._talk = self._whole()
        self._go_on()

    def sent(self, data: bytes) -> None:
        """Listen to bytes for the phone."""
        with self._lock:
            self._hear(self._sent, data)

    def received(self, data: bytes) -> None:
        """Listen to bytes of the phone."""
        with self._lock:
            self._hear(self._got, data)

    def ended(self, *, by_phone: bool) -> None:
        """Note that a side closed the connection; the first to do so counts."""
        with self._lock:
            if self._got.ended is None:
                self._got.ended = self._sent.ended = _EndedError(by_phone=by_phone)
                self._go_on()

    def _hear(self, half: _Half, data: bytes) -> None:
        if not self._over:
            half.data += data
            self._go_on()

    def _go_on(self) -> None:
        next(self._talk, None)

    def _whole(self) -> Talk:
        try:
            while True:
                yield from self._command()
        except _EndedError as ended:
            self._answer(lost=True) if ended.by_phone else self._answer(silent=True)
        except (ValueError, KeyError, TypeError, struct.error) as error:
            self._answer(unread=f"{type(error).__name__}: {error}")
        self._over = True

    # -- the adb server ----------------------------------------------------------------------------------

    def _command(self) -> Talk:
        size = yield from self._sent.take(4)
        name = (yield from self._sent.take(int(size, 16))).decode("utf-8", "replace")
        about_host = name.startswith("host")
        kind, _, asked = name.partition(":")
        if about_host:
            self._ask("connect", name)
        elif kind == "shell":
            self._ask("shell", asked)
        else:
            self._ask("service", name)
        if (yield from self._got.take(4)) == b"FAIL":
            size = yield from self._got.take(4)
            reason = yield from self._got.take(int(size, 16))
            self._answer(failed=reason.decode("utf-8", "replace"))
        elif about_host:
            yield from self._host(name)
        else:
            yield from self._service(name)

    def _host(self, name: str) -> Talk:
        if name.startswith("host:tport:"):
            yield from self._got.skip(8)
        if name.startswith(("host:tport:", "host:transport")):
            self._pending = None
            return
        size = yield from self._got.take(4)
        self._answer(text=(yield from self._got.take(int(size, 16))).decode("utf-8", "replace"))

    def _service(self, name: str) -> Talk:
        if name.startswith("sync:"):
            self._pending = None
            while True:
                yield from self._transfer()
        if name.startswith("tcp:"):
            self._pending = None
            while True:
                yield from self._http()
        is_picture = name.removeprefix("shell:").startswith(_PICTURES)
        content = yield from self._got.rest(_MOST_PICTURE_BYTES if is_picture else MOST_TEXT_BYTES)
        if is_picture:
            size = struct.unpack(">II", content[_PNG_SIZE]) if content.startswith(b"\x89PNG") else (0, 0)
            self._answer(picture=_picture(content, size, kept=self._pictures))
        elif name.startswith("shell:"):
            self._answer(text=content.decode("utf-8", "replace"))
        else:
            self._answer(not_kept=len(content))

    # -- files ---------------------------------------------------------------------------------------------

    def _transfer(self) -> Talk:
        verb, size = struct.unpack("<4sI", (yield from self._sent.take(8)))
        path = (yield from self._sent.take(size)).decode("utf-8", "replace")
        name = verb.decode("ascii", "replace")
        self._ask("sync", f"{name} {path}")
        if name == "STAT":
            answer = yield from self._got.take(16)
            self._answer(stat=list(struct.unpack("<III", answer[4:])))
        elif name == "SEND":
            yield from self._file(path)
        else:
            self._answer(not_kept=len((yield from self._got.rest())))

    def _file(self, path: str) -> Talk:
        total = 0
        while True:
            kind, size = struct.unpack("<4sI", (yield from self._sent.take(8)))
            if kind != b"DATA":
                break
            yield from self._sent.skip(size)
            total += size
        self._ask("sync", f"SEND {path}", total)
        status = yield from self._got.take(4)  # adbutils reads no further, also when a reason follows
        self._answer(sent=status.decode("ascii", "replace"))
        yield from self._got.rest()

    # -- the automation server -----------------------------------------------------------------------------

    def _http(self) -> Talk:
        head = (yield from self._sent.until(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.partition("\r\n")[0].split(" ")
        body = yield from self._sent.take(int(_headers(head).get("content-length", "0")))
        call: dict[str, Any] = json.loads(body) if body else {}
        if call:
            self._ask("rpc", str(call["method"]), call.get("params"))
        else:
            self._ask("http", f"{method} {path}")
        head = (yield from self._got.until(b"\r\n\r\n")).decode("latin-1")
        content = yield from self._body(_headers(head))
        status = int(head.split(" ", 2)[1])
        if not call or status != 200:
            self._answer(status=status, text=content.decode("utf-8", "replace"))
        else:
            self._called(str(call["method"]), json.loads(content))

    def _body(self, headers: dict[str, str]) -> Generator[None, None, bytes]:
        if "content-length" in headers:
            return (yield from self._got.take(int(headers["content-length"])))
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return (yield from self._got.rest())
        content = b""
        while size := int((yield from self._got.until(b"\r\n")).partition(b";")[0], 16):
            content += yield from self._got.take(size)
            yield from self._got.skip(2)
        yield from self._got.skip(2)
        return content

    def _called(self, method: str, answer: dict[str, Any]) -> None:
        if "error" in answer:
            self._answer(error=answer["error"])
        elif method == "takeScreenshot" and answer.get("result"):
            content = base64.b64decode(answer["result"])
            self._answer(picture=_picture(content, (0, 0), kept=self._pictures))
        else:
            self._answer(result=answer.get("result"))

    # -- what is kept --------------------------------------------------------------------------------------

    def _ask(self, kind: str, asked: str, params: Any = None) -> None:
        at_s = self._pending[0] if self._pending else self._now_s()
        self._pending = at_s, kind, asked, params

    def _answer(self, **answer: Any) -> None:
        if self._pending is not None:
            at_s, kind, asked, params = self._pending
            self._pending = None
            self._keep(Exchange(at_s, self._now_s() - at_s, kind, asked, params, answer))


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _picture(content: bytes, size: tuple[int, ...], *, kept: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"bytes": len(content), "size": list(size)}
    return {**about, "content": base64.b64encode(content).decode()} if kept else about
