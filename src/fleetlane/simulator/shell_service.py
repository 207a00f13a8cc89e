"""adbd's `shell` and `exec` services of a simulated phone: a line runs, and what it prints goes out as it comes.

Source: AOSP packages/modules/adb, daemon/shell_service.cpp. Without the shell protocol both streams come as one.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from fleetlane.simulator import shell
from fleetlane.simulator.mksh.result import Pause, Printed
from fleetlane.simulator.phone import SimPhone

_EXIT = 3


class Output(Protocol):
    """The stream of a service, as far as a shell needs it."""

    async def write(self, data: bytes) -> None:
        """Send data; raises EOFError when the host closed."""
        ...


class ShellService:
    """Runs the lines of one phone. `before` is awaited before each, with its name; `pause` lets time pass."""

    def __init__(
        self,
        phone: SimPhone,
        before: Callable[[str], Awaitable[object]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._phone = phone
        self._before = before
        self._pause = pause

    async def plain(self, stream: Output, line: str) -> None:
        """Serve `shell:LINE` and `exec:LINE`."""
        await self._run(stream, line, lambda printed: b"".join(part.data for part in printed))

    async def version_2(self, stream: Output, rest: str) -> None:
        """Serve `shell,v2,TERM=…,raw:LINE`: packets of stdout and stderr, and the exit code."""
        status = await self._run(stream, rest.partition(":")[2], _packets)
        await stream.write(_packet(_EXIT, bytes([status & 0xFF])))

    async def _run(self, stream: Output, line: str, wrap: Callable[[Sequence[Printed]], bytes]) -> int:
        await self._before(f"shell:{line}")
        printed: list[Printed] = []
        steps = shell.start(self._phone, line)
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                await stream.write(wrap(printed))
                return int(end.value)
            if isinstance(event, Pause):
                await stream.write(wrap(printed))  # nothing asks whether the host is still there
                printed = []
                await self._pause(event.seconds)
            else:
                printed.append(event)


def _packets(printed: Sequence[Printed]) -> bytes:
    return b"".join(_packet(part.stream, part.data) for part in printed)


def _packet(kind: int, data: bytes) -> bytes:
    return struct.pack("<BI", kind, len(data)) + data
