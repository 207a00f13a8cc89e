"""Acts on phones that are at other hosts: sent there, carried out there, and what they return sent back.

`RoutedControl` is the asking end, `ActServer` the end where the phone is. The link between them is
`core.ports.hosts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import structlog

from fleetlane.core.errors import ActRefusedError, ConflictError, DeviceGoneError, DeviceTimeoutError, TaskStoppedError
from fleetlane.core.names import is_name
from fleetlane.core.ports.execution import Act, DeviceControl
from fleetlane.core.ports.hosts import HostLinks
from fleetlane.work.phones.act_codec import decode, decode_reply, encode, encode_reply
from fleetlane.work.phones.acts import CheckUp, Report, TakePicture
from fleetlane.work.phones.error_codec import SENT, encode_error
from fleetlane.work.phones.wire_fields import as_type, read_fields

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

ACT = "act"
"""The verb of a question that is an act."""
_WAIT_S = 120.0
_CHECKUP_WAIT_S = 900.0
_LONGEST_WAIT_S = 3600.0


class RoutedControl:
    """Does things on phones wherever they are (`core.ports.execution.DeviceControl`).

    Args:
        local: for the phones that are here.
        host_of: returns the name of the host that a phone is at, None when it is here; asked each time.
        links: the ways to the hosts.
    """

    def __init__(self, local: DeviceControl, host_of: Callable[[str], str | None], links: HostLinks) -> None:
        self._local = local
        self._host_of = host_of
        self._links = links

    async def do(self, serial: str, act: Act[_T], *, preemptible: bool) -> _T:
        """Do something on a phone (see the port).

        At another host it may take 2 minutes, a checkup 15; then it is a `DeviceTimeoutError`.
        """
        host = self._host_of(serial)
        if host is None:
            return await self._local.do(serial, act, preemptible=preemptible)
        wait_s = _CHECKUP_WAIT_S if act.kind == CheckUp.kind else _WAIT_S
        body = {"serial": serial, "act": encode(act), "preemptible": preemptible, "wait_s": wait_s}
        return decode_reply(act, *await self._links.ask(host, ACT, body, timeout_s=wait_s))


class ActServer:
    """Carries out the acts that other hosts ask for (`core.ports.hosts.HostAnswers`).

    What is not begun when the asking side has given up waiting is not begun any more, whether or not the link has
    told so.

    Args:
        local: for the phones that are here.
        here: returns the lanes of the phones that are here now; asked each time.
        busy: returns whether a task runs on one of them; none does when not given.
        seen: returns the last picture of one of them that its task has taken; None for none.
    """

    def __init__(
        self,
        local: DeviceControl,
        here: Callable[[], Collection[str]],
        busy: Callable[[str], bool] = lambda _serial: False,
        seen: Callable[[str], bytes | None] = lambda _serial: None,
    ) -> None:
        self._local = local
        self._here = here
        self._busy = busy
        self._seen = seen

    async def answer(self, verb: str, body: Mapping[str, Any], attachment: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Answer a question (see the port)."""
        if verb != ACT or attachment:
            return encode_error(ActRefusedError(f"The host of the phone does not know how to do {verb[:40]!r}.")), b""
        try:
            return await self._done(body)
        except SENT as error:
            return encode_error(error), b""
        except Exception as error:
            # The edge of the host: whatever breaks here is told, and the link goes on.
            log.exception("act_broke")
            return encode_error(error), b""

    async def _done(self, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
        try:
            asked = read_fields(body, serial=_serial, act=decode, preemptible=_flag, wait_s=_wait_s)
        except ValueError as error:
            raise ActRefusedError(f"The host of the phone refused to do what it was asked: {error}.") from error
        serial, act = asked["serial"], asked["act"]
        if serial not in self._here():
            raise DeviceGoneError(f"Device {serial} is not at the host where it was.", serial=serial)
        if self._busy(serial) and not isinstance(act, Report):
            return encode_reply(act, self._while_busy(serial, act))
        waiting = asyncio.timeout(asked["wait_s"])
        try:
            async with waiting:
                result = await self._local.do(serial, act, preemptible=asked["preemptible"])
        except TimeoutError as error:
            if not waiting.expired():
                raise  # the act's own
            raise DeviceTimeoutError(
                f"The host of device {serial} came to no end with it in time.", serial=serial
            ) from error
        return encode_reply(act, result)

    def _while_busy(self, serial: str, act: Act[Any]) -> bytes:
        """Return what can be had of a phone while a task runs there: what the task sees.

        Raises:
            TaskStoppedError: it has seen nothing yet.
            ConflictError: anything else has to wait.
        """
        if not isinstance(act, TakePicture):
            raise ConflictError(f"A task still runs on {serial}. Wait for its end, or stop it.")
        picture = self._seen(serial)
        if not picture:
            raise TaskStoppedError("a task runs on the phone, and has taken no picture yet")
        return picture


def _serial(value: object) -> str:
    serial = as_type(value, str)
    if not is_name(serial):
        raise ValueError("must be a serial")
    return serial


def _flag(value: object) -> bool:
    return as_type(value, bool)


def _wait_s(value: object) -> float:
    seconds = as_type(value, int, float)
    if not 0 < seconds <= _LONGEST_WAIT_S:
        raise ValueError(f"must be from 0 to {_LONGEST_WAIT_S:.0f}")
    return seconds
