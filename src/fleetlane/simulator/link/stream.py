"""One opened stream to a service of a simulated phone's adbd, whoever carries its bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Stream(Protocol):
    """One opened stream, as a service sees it."""

    async def read(self, count: int) -> bytes:
        """Return exactly `count` bytes; raises EOFError when the host closed first."""
        ...

    async def read_some(self) -> bytes:
        """Return what there is, at least one byte, or b"" when the host closed."""
        ...

    async def write(self, data: bytes) -> None:
        """Send data."""
        ...

    def end(self) -> None:
        """Close it, and wake the service that reads from it."""
        ...


Service = Callable[[Stream, str], Awaitable[None]]
"""Serves one opened stream; the text is what stands behind the service's name."""
