"""How often one caller may ask: a bucket of requests for each address, filled at an even rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

from fleetlane.core.errors import TooManyRequestsError

_MOST_CALLERS = 10_000
_BURST_S = 2.0


class RateLimit:
    """Counts requests.

    Args:
        per_second: how many a caller may send each second, in the long run; twice as many at once. 0: no limit.
        now_s: the monotonic time.
    """

    def __init__(self, per_second: float, now_s: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Requests left, and when that was, by address; the callers seen last are at the end."""

    def check(self, address: str) -> None:
        """Count a request.

        Raises:
            TooManyRequestsError: the caller has none left.
        """
        if not self._per_second:
            return
        most, now_s = self._per_second * _BURST_S, self._now_s()
        left, then_s = self._buckets.pop(address, (most, now_s))
        left = min(most, left + (now_s - then_s) * self._per_second)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now_s)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait_s = max(1, ceil((1 - left) / self._per_second))
            raise TooManyRequestsError(f"More than {self._per_second:g} requests a second. Wait {wait_s} s.", wait_s)
