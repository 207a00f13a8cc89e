"""Computers that share a store: nothing crosses a network in the clear, or goes to who cannot prove who he is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from fleetlane.core.loopback import is_loopback
from fleetlane.settings.access import read_token

_PROVEN = "verify-full"


def fleet_faults(
    store_url: SecretStr | None, server_url: str | None, host_token_file: Path | None, *, plain_network: bool
) -> Iterator[str]:
    """Yield what would let others listen or pretend, as sentences without their full stop."""
    if store_url is not None and not plain_network and (where := _in_the_clear(store_url.get_secret_value())):
        yield (
            f"store_url goes to {where} over the network, and nothing there proves who answers: add "
            f"?sslmode={_PROVEN}&sslrootcert=FILE to it, or set plain_network where the network itself is safe"
        )
    if server_url is not None:
        yield from _server_faults(server_url, plain_network=plain_network)
    if host_token_file is not None:
        try:
            read_token(None, host_token_file, name="host_token_file")
        except ValueError as error:
            yield str(error)


def _in_the_clear(url: str) -> str | None:
    """Return the computer that an address of a database leads to without proof of who it is, None for none."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("postgres"):
        return None  # it is no address of a database of ours, which is told where it is used
    given = parse_qs(parts.query)
    hosts = [part.rpartition("@")[2] for part in parts.netloc.split(",")] + given.get("host", [])
    names = [_bare(host) for host in hosts if host]
    away = next((name for name in names if name and not name.startswith("/") and not is_loopback(name)), None)
    return None if given.get("sslmode", [""])[-1] == _PROVEN else away


def _bare(host: str) -> str:
    """Return the name in a host with a port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _server_faults(url: str, *, plain_network: bool) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield "server_url is no address of a server: write it as https://fleet.lan:50809"
    elif parts.scheme == "http" and not plain_network and not is_loopback(parts.hostname):
        yield (
            f"server_url goes to {parts.hostname} over the network in the clear: write https://, or set plain_network "
            "where the network itself is safe"
        )
