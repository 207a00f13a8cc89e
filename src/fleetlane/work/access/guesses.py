"""Wrong tokens, and how long whoever sent them must wait.

By address; of IPv6 by its network of 64 bits, which one caller may have whole, and this computer's own are one. An
address that has shown the token since the server started is never made to wait: programs of its owner may share it
with whoever guesses, and must not be shut out by him. What he is left with is the length of the token.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

import structlog

from fleetlane.core.errors import TooManyRequestsError
from fleetlane.core.event import Change, EventKind
from fleetlane.core.ports.clock import Clock

log = structlog.get_logger(__name__)

_FREE = 5
_FIRST_S, _LONGEST_S = 1.0, 60.0
_FORGOTTEN_AFTER_S = 15 * 60.0
_MOST_KNOWN = 10_000


class Guesses:
    """Counts wrong tokens.

    Args:
        clock: the time.
        tell: hears of wrong tokens: of the first of an address, and whenever their number has doubled.
    """

    def __init__(self, clock: Clock, tell: Callable[[list[Change]], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """How many were wrong, and when the last one was."""
        self._shown: OrderedDict[str, None] = OrderedDict()

    def check(self, address: str) -> None:
        """Refuse a token unseen while its sender must wait.

        Raises:
            TooManyRequestsError: he must.
        """
        who = _network(address)
        if who in self._shown:
            return
        wait_s = self._wait_s(who)
        if wait_s > 0:
            raise TooManyRequestsError(f"Too many wrong tokens. Wait {ceil(wait_s)} s.", ceil(wait_s))

    def right(self, address: str) -> None:
        """Note that an address has shown the token."""
        who = _network(address)
        self._wrong.pop(who, None)
        self._shown[who] = None
        self._shown.move_to_end(who)
        if len(self._shown) > _MOST_KNOWN:
            self._shown.popitem(last=False)

    def wrong(self, address: str) -> None:
        """Count a wrong token."""
        times = self._count(_network(address))
        if times & (times - 1) == 0:  # 1, 2, 4, 8 …: a log is not to be filled
            log.warning("wrong_token", address=address, times=times)
            self._tell([Change(EventKind.SECURITY, facts={"what": "wrong_token", "address": address, "times": times})])

    def _count(self, who: str) -> int:
        times, last_s = self._wrong.pop(who, (0, 0.0))
        now_s = self._clock.monotonic_s()
        times = 1 if now_s - last_s > _FORGOTTEN_AFTER_S else times + 1
        self._wrong[who] = times, now_s
        if len(self._wrong) > _MOST_KNOWN:
            self._wrong.popitem(last=False)
        return times

    def _wait_s(self, who: str) -> float:
        times, last_s = self._wrong.get(who, (0, 0.0))
        if times < _FREE:
            return 0.0
        delay_s = min(_LONGEST_S, _FIRST_S * 2 ** min(times - _FREE, 10))
        return last_s + delay_s - self._clock.monotonic_s()


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return "this computer"
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
