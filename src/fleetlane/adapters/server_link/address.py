"""Where a server is, and by which certificate it is known: nothing goes over a network that others can read."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fleetlane.core.errors import FleetlaneError
from fleetlane.core.loopback import is_loopback
from fleetlane.work.hosts.wire import LINK_PATH

_SCHEMES = {"http": "ws", "https": "wss"}


class ServerAddressError(FleetlaneError):
    """A server cannot be linked by what was given. The sentence says what to give instead."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a server's links. `tls` checks its certificate; None where it is on this computer, unencrypted."""

    url: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, ca: Path | None = None, *, plain: bool = False) -> ServerAddress:
        """Return the address of the links of a server.

        Args:
            url: of the server, such as https://fleet.lan:50809.
            ca: a file of the certificates that it may be signed by, in the place of those that this computer trusts.
            plain: whether nobody else is in the network, so that nothing need be encrypted.

        Raises:
            ServerAddressError: it is no address, or not an encrypted one of another computer; or the file is none.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise _no_address(url) from error
        bare = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in _SCHEMES or not host or parts.username is not None or url.rstrip("/") != bare:
            raise _no_address(url)
        if parts.scheme == "http" and not plain and not is_loopback(host):
            raise ServerAddressError(
                f"{url} is on another computer, and what goes there unencrypted can be read and changed on the way. "
                f"Use https://{parts.netloc}, and give the server a certificate (tls_cert and tls_key)."
            )
        named = f"[{host}]" if ":" in host else host
        place = named if port is None else f"{named}:{port}"
        return cls(f"{_SCHEMES[parts.scheme]}://{place}{LINK_PATH}", _tls(ca) if parts.scheme == "https" else None)


def _no_address(url: str) -> ServerAddressError:
    return ServerAddressError(f"{url!r} is no address of a server. Give one such as https://fleet.lan:50809.")


def _tls(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # what is no certificate as well
        raise ServerAddressError(
            f"{ca} cannot be read as certificates ({error}). Give the file of the authority that has signed the "
            "server's certificate, in PEM."
        ) from error
