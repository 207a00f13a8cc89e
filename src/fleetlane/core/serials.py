"""Where serials lead: the lane of the phone that each one means, at this host and at any.

Two hosts may reach two phones by one serial: an address of their own network, an emulator's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetlane.core.address import is_of_one_host
from fleetlane.core.phones import name_key, one_meaning


class SerialLeads:
    """The lane that each serial leads to, by host. Each lane is itself a serial that leads to it, at some host.

    Args:
        host_id: this host.
    """

    def __init__(self, host_id: str) -> None:
        self._host_id = host_id
        self._led: dict[str, dict[str, str]] = {}

    def __len__(self) -> int:
        """Return how many serials there are."""
        return len(self._led)

    def load(self, serials: Iterable[tuple[str, str, str]]) -> None:
        """Take each serial with a host, and the lane that it leads to there, in the place of what was known."""
        self._led.clear()
        for serial, host_id, lane in serials:
            self._led.setdefault(serial, {})[host_id] = lane

    # -- asked -----------------------------------------------------------------------------------------

    def is_known(self, serial: str) -> bool:
        """Return whether a serial leads to a phone at any host."""
        return serial in self._led

    def is_lane(self, serial: str) -> bool:
        """Return whether a serial is a lane, by what is known."""
        return serial in self._led.get(serial, {}).values()

    def anywhere(self, serial: str) -> str | None:
        """Return the lane that a serial means; None when it leads nowhere, or nobody knows which one is meant."""
        lanes = set(self._led.get(serial, {}).values())
        lane = one_meaning(serial, lanes)
        return lane if lane in lanes else None

    def here_at(self, serial: str) -> str | None:
        """Return the lane of the phone that a serial means at this host."""
        led = self._led.get(serial, {})
        if self._host_id in led or is_of_one_host(serial):
            return led.get(self._host_id)
        return self.anywhere(serial)

    @property
    def here(self) -> Mapping[str, str]:
        """Return the lane of each serial that is or was a phone's at this host."""
        return {serial: led[self._host_id] for serial, led in self._led.items() if self._host_id in led}

    def of(self, lane: str) -> list[str]:
        """Return all serials that lead to a lane, in order."""
        return sorted(serial for serial, led in self._led.items() if lane in led.values())

    def alike(self, name: str) -> str | None:
        """Return a lane that a serial leads to which is spelled like a name, None for none."""
        alike = (led for serial, led in self._led.items() if name_key(serial) == name_key(name))
        return next((lane for led in alike for lane in led.values()), None)

    # -- told ------------------------------------------------------------------------------------------

    def lead(self, serial: str, lane: str) -> None:
        """Let a serial lead to a lane, at this host."""
        self._led.setdefault(serial, {})[self._host_id] = lane

    def drop(self, lane: str, *, into: str) -> None:
        """Let all that leads to a lane lead to another one."""
        for led in self._led.values():
            led.update({host_id: into for host_id, owner in led.items() if owner == lane})
