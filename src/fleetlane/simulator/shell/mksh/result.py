"""How a command of the shell ended, and where what it prints goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol


@dataclass(slots=True)
class Result:
    """What a command printed and how it ended. `output` is both streams in the order of printing.

    One that `stays` goes on until the host closes, as `logcat` does; what it printed comes before.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    output: bytes = b""
    stays: bool = False

    def __post_init__(self) -> None:
        self.output = self.output or self.stdout + self.stderr

    @classmethod
    def text(cls, text: str, exit_code: int = 0) -> Result:
        """Return a result that prints lines."""
        return cls(encoded(text if text.endswith("\n") or not text else text + "\n"), b"", exit_code)

    @classmethod
    def error(cls, text: str, exit_code: int = 1) -> Result:
        """Return a result that complains."""
        return cls(b"", encoded(text + "\n"), exit_code)


def encoded(text: str) -> bytes:
    """Return the bytes of a text in which bytes that are no UTF-8 were kept."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """Return bytes as a text that keeps those that are no UTF-8."""
    return data.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Printed:
    """Something was printed: on stream 1 (stdout) or 2 (stderr)."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """The line waits so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stays:
    """The line goes on, and prints nothing more, until the host closes."""


Event = Printed | Pause | Stays


class Target(Protocol):
    """Where a stream goes."""

    def put(self, data: bytes) -> Printed | None:
        """Take data; return it when the host is to see it."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """A stream that the host reads."""

    stream: int

    def put(self, data: bytes) -> Printed | None:
        """Return it."""
        return Printed(self.stream, data)


@dataclass(slots=True)
class Buffer:
    """A stream that is kept, for a pipe or a substitution; or dropped, as `/dev/null` does."""

    keeps: bool = True
    data: bytearray = field(default_factory=bytearray)

    def put(self, data: bytes) -> Printed | None:
        """Keep it."""
        if self.keeps:
            self.data += data
        return None


@dataclass(frozen=True, slots=True)
class Io:
    """The three streams of a command. `stdin` is shared by all that read from it."""

    stdin: BytesIO
    out: Target
    err: Target
