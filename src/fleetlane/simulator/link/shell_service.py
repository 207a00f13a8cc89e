"""adbd's `shell` and `exec` services of a simulated phone: a line runs, and what it prints goes out as it comes.

Source: AOSP packages/modules/adb, daemon/shell_service.cpp. Without the shell protocol both streams come as one.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Sequence

from fleetlane.simulator.link.stream import Stream
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import interpreter
from fleetlane.simulator.shell.mksh.result import Pause, Printed

_EXIT = 3


class ShellService:
    """Runs the lines of one phone.

    `before` is awaited before each line, with its name; it returns the seconds from the line's end to its answer.
    `sleep` lets a line sleep some seconds, after as many seconds (its second argument) in which it printed nothing.
    """

    def __init__(
        self,
        phone: SimPhone,
        before: Callable[[str], Awaitable[float]],
        sleep: Callable[[float, float], Awaitable[None]],
    ) -> None:
        self._phone = phone
        self._before = before
        self._sleep = sleep

    async def plain(self, stream: Stream, line: str) -> None:
        """Serve `shell:LINE` and `exec:LINE`."""
        await self._run(stream, line, lambda printed: b"".join(part.data for part in printed))

    async def version_2(self, stream: Stream, rest: str) -> None:
        """Serve `shell,v2,TERM=…,raw:LINE`: packets of stdout and stderr, and the exit code."""
        status = await self._run(stream, rest.partition(":")[2], _packets)
        await stream.write(_packet(_EXIT, bytes([status & 0xFF])))

    async def _run(self, stream: Stream, line: str, wrap: Callable[[Sequence[Printed]], bytes]) -> int:
        after_s = await self._before(f"shell:{line}")
        printed, silent_s = list[Printed](), 0.0
        steps = interpreter.start(self._phone, line)
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                if after_s:
                    await self._sleep(after_s, silent_s)
                await stream.write(wrap(printed))
                return int(end.value)
            if isinstance(event, Printed):
                printed.append(event)
                continue
            silent_s = 0.0 if printed else silent_s
            await stream.write(wrap(printed))  # nothing asks whether the host is still there
            printed = []
            if isinstance(event, Pause):
                await self._sleep(event.seconds, silent_s)
                silent_s += event.seconds
            else:
                await _closed(stream)


async def _closed(stream: Stream) -> None:
    """Wait until the host closes, and end the line then, as adbd does: what stands behind does not run.

    Raises:
        EOFError: always.
    """
    while await stream.read_some():
        pass  # nothing reads what is typed
    raise EOFError("stream closed")


def _packets(printed: Sequence[Printed]) -> bytes:
    return b"".join(_packet(part.stream, part.data) for part in printed)


def _packet(kind: int, data: bytes) -> bytes:
    return struct.pack("<BI", kind, len(data)) + data
