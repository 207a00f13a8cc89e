"""Addresses of phones in the network, spelled in one way."""

from __future__ import annotations

import ipaddress
import re
import socket

_LONGEST = 255
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NUMBERS = re.compile(r"(?:0[xX][0-9a-fA-F]+|\d+)(?:\.(?:0[xX][0-9a-fA-F]+|\d+)){0,3}")


def canonical_address(text: str) -> str | None:
    """Return "host:port" as adb would list it, in one spelling for all of one address; None when it is none.

    Names are not looked up: two of them may be one phone, which only the phone can say.
    """
    host, colon, port = text.strip(" ").rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and len(port) < 10 and 0 < int(port) < 65536):
        return None
    spelled = _spelled(host)
    found = f"{spelled}:{int(port)}" if spelled else ""
    return found if 0 < len(found) <= _LONGEST else None


def _spelled(host: str) -> str | None:
    if host.startswith("[") and host.endswith("]"):
        address, percent, zone = host[1:-1].partition("%")
        try:
            found = ipaddress.IPv6Address(address)
        except ValueError:
            return None
        return str(found.ipv4_mapped or f"[{found}{percent}{zone}]")
    if _NUMBERS.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return None
    return host.lower() if _HOST.fullmatch(host) else None


def is_address(serial: str) -> bool:
    """Return whether adb reaches a serial over the network at an address that can be connected again."""
    host, colon, port = serial.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return bool(colon and bare and port.isdigit() and not any(c.isspace() for c in host)) and (
        ":" not in host or host.startswith("[")
    )


def is_of_one_host(serial: str) -> bool:
    """Return whether a serial may mean another phone at another host: an address, or an emulator's number.

    adb calls an emulator by the port of its console on the computer of the adb server.
    Source: developer.android.com/tools/adb, "Query for devices".
    """
    return is_address(serial) or serial.startswith("emulator-")
