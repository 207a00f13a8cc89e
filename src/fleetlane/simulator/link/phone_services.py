"""Services of a simulated phone's adbd beside the shell and files: reboot, root, framebuffer, reverse.

Source: AOSP packages/modules/adb, daemon/services.cpp, restart_service.cpp, framebuffer_service.cpp, SERVICES.TXT.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping

from fleetlane.simulator.link.stream import Service, Stream
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.screens.render import pixels

_FRAMEBUFFER = struct.Struct("<14I")
_VERSION = 2
_BITS = 8
_SRGB = 1
_MODES = ("", "bootloader", "recovery", "sideload", "sideload-auto-reboot")


class PhoneServices:
    """Serves the small services of one phone. `before` is awaited before each, with its name."""

    def __init__(self, phone: SimPhone, before: Callable[[str], Awaitable[object]]) -> None:
        self._phone = phone
        self._before = before
        self._reversed: dict[str, str] = {}

    @property
    def services(self) -> Mapping[str, Service]:
        """Return the services by the beginnings of their names."""
        return {
            "reboot:": self._reboot,
            "root:": self._root,
            "remount:": self._remount,
            "framebuffer:": self._framebuffer,
            "reverse:": self._reverse,
        }

    async def _reboot(self, _stream: Stream, mode: str) -> None:
        await self._before("reboot:")
        phone = self._phone
        if mode:
            phone.log(f"reboot: there is no mode {mode!r} on a simulated phone" + "!" * (mode not in _MODES))
            return
        phone.log("reboot asked for")
        for listener in phone.reboot_listeners:
            listener()

    async def _root(self, stream: Stream, _argument: str) -> None:
        await self._before("root:")
        await stream.write(b"adbd cannot run as root in production builds\n")

    async def _remount(self, stream: Stream, _argument: str) -> None:
        await self._before("remount:")
        await stream.write(b'Not running as root. Try "adb root" first.\n')

    async def _framebuffer(self, stream: Stream, _argument: str) -> None:
        await self._before("framebuffer:")
        (width, height), data = pixels(self._phone)
        red, blue, green, alpha = ((shift, _BITS) for shift in (0, 16, 8, 24))
        head = _FRAMEBUFFER.pack(_VERSION, 32, _SRGB, len(data), width, height, *red, *blue, *green, *alpha)
        await stream.write(head + data)

    async def _reverse(self, stream: Stream, argument: str) -> None:
        """Keep which sockets of the phone lead to the host; nothing on a simulated phone uses them."""
        await self._before(f"reverse:{argument}")
        verb, _, rest = argument.partition(":")
        remote, _, local = rest.removeprefix("norebind:").partition(";")
        match verb:
            case "list-forward":
                listed = "".join(f"UsbFfs {key} {value}\n" for key, value in self._reversed.items()).encode()
                await stream.write(f"{len(listed):04x}".encode() + listed)  # without a status, unlike the others
            case "forward" if remote.removeprefix("tcp:") not in ("", "0") and not (
                rest.startswith("norebind:") and remote in self._reversed
            ):
                self._reversed[remote] = local
                await stream.write(b"OKAY")
            case "killforward" if rest in self._reversed:
                del self._reversed[rest]
                await stream.write(b"OKAY")
            case "killforward-all":
                self._reversed.clear()
                await stream.write(b"OKAY")
            case "killforward":
                await stream.write(_fail(f"listener '{rest}' not found"))
            case _:
                self._phone.log(f"reverse: {argument!r} is not simulated")
                await stream.write(_fail(f"not simulated: {argument}"))


def _fail(reason: str) -> bytes:
    return b"FAIL" + f"{len(reason):04x}{reason}".encode()
