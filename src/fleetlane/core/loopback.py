"""Whether a name or an address means this computer itself."""

from __future__ import annotations

import ipaddress

_NAMES = frozenset({"localhost", "ip6-localhost"})


def is_loopback(host: str) -> bool:
    """Return whether a host is this computer, by one of its own names or addresses. IPv6 may stand in brackets."""
    if host in _NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
