"""The link that a host keeps to a server: a WebSocket that only the host opens."""

from fleetlane.adapters.server_link.address import ServerAddress, ServerAddressError
from fleetlane.adapters.server_link.link import ServerLink

__all__ = ["ServerAddress", "ServerAddressError", "ServerLink"]
