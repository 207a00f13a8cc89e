"""Records what is asked of a phone, and what it answers, while the driver works as ever.

It stands between the driver and its connections to the adb server, and only listens: what goes wrong in listening is
told at the end and disturbs no call.
"""

# adbutils carries few types; what it returns is typed here, at the border.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable
from typing import Any, cast

from adbutils import AdbConnection

from fleetlane.adapters.android.conversations import Conversation
from fleetlane.adapters.android.transport import QuickClient
from fleetlane.core.transcript import MOST_BYTES, MOST_EXCHANGES, Exchange

_INSTANT_S = 1e-6


class Recording:
    """What was recorded in one session, from any thread.

    Args:
        monotonic_s: the time.
        pictures: whether pictures are kept; people and what they wrote are on them.
    """

    def __init__(self, monotonic_s: Callable[[], float], *, pictures: bool = False) -> None:
        self.full = False
        """Whether something was left out, because there was too much of it."""
        self._pictures = pictures
        self._monotonic_s = monotonic_s
        self._start_s = monotonic_s()
        self._last_s = -_INSTANT_S
        self._lock = threading.Lock()
        self._kept: list[Exchange] = []
        self._bytes = 0
        self._open: set[Conversation] = set()

    def now_s(self) -> float:
        """Return the seconds since the session began, each time a later instant."""
        with self._lock:
            self._last_s = max(self._monotonic_s() - self._start_s, self._last_s + _INSTANT_S)
            return self._last_s

    def conversation(self) -> Conversation:
        """Return the listener of a new connection."""
        new = Conversation(self._keep, self.now_s, pictures=self._pictures)
        with self._lock:
            self._open.add(new)
        return new

    def _keep(self, one: Exchange) -> None:
        with self._lock:
            self._bytes += len(str(one.answer))
            if len(self._kept) >= MOST_EXCHANGES or self._bytes > MOST_BYTES:
                self.full = True
            else:
                self._kept.append(one)

    def finish(self) -> list[Exchange]:
        """Return the exchanges in the order in which they were asked; what is still open ends here."""
        for one in list(self._open):
            one.ended(by_phone=False)
        with self._lock:
            return sorted(self._kept, key=lambda one: one.at_s)


class RecordingClient(QuickClient):
    """A client of an adb server all of whose connections are listened to."""

    def __init__(self, inner: QuickClient, recording: Recording) -> None:
        super().__init__(inner.host, inner.port, inner.call_timeout_s)
        self._inner = inner
        self._recording = recording

    def make_connection(self, timeout: float | None = None) -> AdbConnection:
        """Connect to the adb server."""
        return _HeardConnection(self._inner.make_connection(timeout), self._recording.conversation())

    @property
    def is_fresh(self) -> bool:
        """Return whether the adb server was started a moment ago."""
        return self._inner.is_fresh


class _HeardConnection(AdbConnection):
    """A connection that is listened to."""

    def __init__(self, inner: AdbConnection, conversation: Conversation) -> None:
        self._heard = _HeardSocket(inner.conn, conversation)
        super().__init__("", 0)

    def _safe_connect(self) -> socket.socket:
        return cast("socket.socket", self._heard)

    def close(self) -> None:
        self._heard.shutdown(socket.SHUT_RDWR)
        self._heard.close()


class _HeardSocket:
    """A socket that is listened to. As a real one it stays open while a file made of it is."""

    def __init__(self, inner: socket.socket, conversation: Conversation) -> None:
        self._inner = inner
        self._conversation = conversation
        self._files = 0
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, data: bytes) -> int:
        self._conversation.sent(bytes(data))
        self._inner.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        self.send(data)

    def recv(self, count: int) -> bytes:
        data = self._inner.recv(count)
        if data:
            self._conversation.received(data)
        else:
            self._conversation.ended(by_phone=True)
        return data

    def makefile(self, *_args: object, **_options: object) -> io.BufferedReader:
        self._files += 1
        return io.BufferedReader(cast("io.RawIOBase", _HeardFile(self)))

    def shutdown(self, how: int) -> None:
        self._conversation.ended(by_phone=False)
        try:
            self._inner.shutdown(how)
        except OSError:
            self._inner.close()  # the other side is gone already

    def close(self) -> None:
        self._closed = True
        self._close_if_unused()

    def file_closed(self) -> None:
        self._files -= 1
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._closed and self._files <= 0:
            self._conversation.ended(by_phone=False)
            self._inner.close()


class _HeardFile(io.RawIOBase):
    """Reads a heard socket as a file."""

    def __init__(self, heard: _HeardSocket) -> None:
        self._heard = heard

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._heard.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._heard.file_closed()
        super().close()
