"""How other hosts see their phones, as the store has it, and what this one has yet to say there of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fleetlane.core.device import OTHERS_IN_ITS_PLACE, Device, DeviceState
from fleetlane.core.phones import ALONE, View
from fleetlane.core.ports.records import DeviceRecord
from fleetlane.work.phones.lane_merges import OnRecord


class Sightings:
    """The phones of other hosts. For a server alone there are none, and nothing is to be said.

    Args:
        host_id: this host.
    """

    def __init__(self, host_id: str) -> None:
        self._host_id = host_id
        self._elsewhere: Mapping[str, Device] = {}
        self._hosts: Mapping[str, str] = {}
        self._unsaid: dict[str, Device] = {}

    @property
    def shared(self) -> bool:
        """Return whether other hosts work on the store."""
        return self._host_id != ALONE

    # -- what others say ---------------------------------------------------------------------------------

    def read(self, found: OnRecord) -> None:
        """Take what is on record."""
        names: dict[str | None, str] = {host.id: host.name for host in found.hosts if host.id}
        others = [one for one in found.devices if one.host_id not in (None, self._host_id)]
        self._elsewhere = {one.serial: self._seen(one, found, names) for one in others}
        self._hosts = {one.serial: names.get(one.host_id, "") for one in others}

    @staticmethod
    def _seen(record: DeviceRecord, found: OnRecord, names: Mapping[str | None, str]) -> Device:
        assert record.seen is not None
        if record.host_id in found.living or record.seen.state is DeviceState.ABSENT:
            return record.seen
        return replace(record.seen, state=DeviceState.HOST_AWAY, facts={"host": names.get(record.host_id, "")})

    def device(self, lane: str) -> Device | None:
        """Return a phone that was seen last at another host, as that one sees it."""
        return self._elsewhere.get(lane)

    def host(self, lane: str) -> str | None:
        """Return the name of the other host where a phone was seen last, None when that was not at another one."""
        return self._hosts.get(lane)

    def all(self) -> Mapping[str, Device]:
        """Return the phones that were seen last at other hosts."""
        return self._elsewhere

    def counts(self, view: View | None) -> bool:
        """Return whether it counts how this host sees a phone: not where another one has it, and this one others."""
        if view is None or not view.is_there:
            return False
        other = self._elsewhere.get(view.device.serial)
        is_elsewhere = other is not None and other.state not in (DeviceState.ABSENT, DeviceState.HOST_AWAY)
        return not (is_elsewhere and view.device.state in OTHERS_IN_ITS_PLACE)

    # -- what is to be said ------------------------------------------------------------------------------

    def note(self, device: Device) -> None:
        """Note that a phone of this host is seen differently now."""
        if self.shared:
            self._unsaid[device.serial] = device

    def unsaid(self) -> Sequence[Device]:
        """Return what is yet to be said."""
        return list(self._unsaid.values())

    def said(self, devices: Sequence[Device]) -> None:
        """Note that it is stored how some phones were seen."""
        for device in devices:
            if self._unsaid.get(device.serial) == device:
                del self._unsaid[device.serial]
