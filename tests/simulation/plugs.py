"""What is plugged in at one computer, and by which of its addresses it reaches which phone."""

from __future__ import annotations

from fleetlane.core.device import Transport
from fleetlane.core.errors import DeviceGoneError
from fleetlane.core.phones import Identity
from support.fakes import FakeTransports


class Plugs:
    """The adb of a computer.

    `reached` says which phone each connection is to; `cables` are the connections by cable, by phone; `addresses` those
    by the network.
    """

    def __init__(self) -> None:
        self.transports = FakeTransports()
        self.reached: dict[int, str] = {}
        self.cables: dict[str, Transport] = {}
        self.addresses: dict[str, Transport] = {}

    async def ask(self, transport: Transport) -> Identity:
        """Answer for the phone behind a connection."""
        serial = self.reached[transport.connection]
        if not self.transports.is_current(transport):
            raise DeviceGoneError("unplugged")
        return Identity(serial, "pixel", f"id of {serial}")

    def plug_in(self, phone: str) -> None:
        """Connect a phone by its cable, unless it is."""
        if phone not in self.cables:
            self.cables[phone] = self._connect(phone, phone, usb=True)

    def unplug(self, phone: str) -> None:
        """Pull the cable of a phone, if it has one."""
        if phone in self.cables:
            self.transports.unplug(self.cables.pop(phone))

    def connect(self, phone: str, address: str) -> None:
        """Reach a phone by an address, which another one may have had."""
        self.disconnect(address)
        self.addresses[address] = self._connect(phone, address, usb=False)

    def disconnect(self, address: str) -> None:
        """Let nobody be reached by an address."""
        if (transport := self.addresses.pop(address, None)) is not None:
            self.transports.unplug(transport)

    def disconnect_phone(self, phone: str) -> None:
        """Let a phone be reached by no address."""
        for address, transport in [*self.addresses.items()]:
            if self.reached[transport.connection] == phone:
                self.disconnect(address)

    def reaches(self, phone: str) -> bool:
        """Return whether a phone is reached, by whatever way."""
        return any(self.reached[t.connection] == phone for t in (*self.cables.values(), *self.addresses.values()))

    def _connect(self, phone: str, by: str, *, usb: bool) -> Transport:
        transport = self.transports.plug(by, usb=usb)
        self.reached[transport.connection] = phone
        return transport
