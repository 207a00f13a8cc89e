"""The network of a fleet: each host in a network namespace of its own, on a bridge where servers and database are.

Needs root, Linux and `ip`. Where that is not given everything runs on loopback, and nothing can be cut.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

_NAMESPACE = "fleetlane-"
_BRIDGE = "flb"
_VETH = "flv"
NETWORK = "10.231.0.0/16"
"""All addresses of all fleets."""


class NetworkError(Exception):
    """The network could not be made or changed; says what `ip` said."""


class Network(Protocol):
    """What hosts, servers and the database reach each other by. Use it as a context manager."""

    address: str
    """Where servers and the database are."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def inside(self, host: str, command: Sequence[str]) -> list[str]:
        """Return a command that runs another one where a host is."""
        ...

    def cut(self, host: str) -> None:
        """Let nothing of a host get through any more; nobody is told."""
        ...

    def mend(self, host: str) -> None:
        """Undo `cut`."""
        ...


class Loopback:
    """This computer alone."""

    address = "127.0.0.1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def inside(self, host: str, command: Sequence[str]) -> list[str]:  # noqa: ARG002 - all are at the same place
        """Return the command as it is."""
        return list(command)

    def cut(self, host: str) -> None:
        """Say that it cannot be done."""
        raise NetworkError(f"{host} is on loopback, which cannot be cut.")

    def mend(self, host: str) -> None:
        """Say that it cannot be done."""
        raise NetworkError(f"{host} is on loopback, which is never cut.")


class Namespaces:
    """A bridge, and a namespace for each host. Names hold this process's id, so that what a killed run left is known.

    Args:
        hosts: their names.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        me = os.getpid()
        self._bridge = f"{_BRIDGE}{me}"
        self._hosts = {name: f"{_NAMESPACE}{me}-{name}" for name in hosts}
        self._ports = {name: f"{_VETH}{me}n{number}" for number, name in enumerate(hosts)}
        self._subnet = _free_subnet(me)
        self.address = f"{self._subnet}.1"
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        _sweep()
        try:
            self._make()
        except BaseException:
            self._undo.close()
            raise
        return self

    def _make(self) -> None:
        _ip("link", "add", self._bridge, "type", "bridge")
        self._undo.callback(_ip, "link", "del", self._bridge)
        _ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for number, (name, space) in enumerate(self._hosts.items(), 2):
            _ip("netns", "add", space)
            self._undo.callback(_remove, space)
            port = self._ports[name]
            _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            self._undo.callback(_ip, "link", "del", port)  # with its namespace it would go some time later
            _ip("link", "set", port, "master", self._bridge, "up")
            _ip("-n", space, "addr", "add", f"{self._subnet}.{number}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", space, "link", "set", device, "up")

    def __exit__(self, *error: object) -> None:
        self._undo.close()

    def space(self, host: str) -> str:
        """Return the name of a host's namespace."""
        return self._hosts[host]

    def inside(self, host: str, command: Sequence[str]) -> list[str]:
        """Return a command that runs another one in a host's namespace, as the same process."""
        return ["ip", "netns", "exec", self._hosts[host], *command]

    def cut(self, host: str) -> None:
        """Take a host's cable out of the bridge: its own end stays up, and what it sends is gone."""
        _ip("link", "set", self._ports[host], "nomaster")

    def mend(self, host: str) -> None:
        """Put the cable back."""
        _ip("link", "set", self._ports[host], "master", self._bridge)


def why_no_namespaces() -> str | None:
    """Return why namespaces cannot be made here, a sentence; None when they can."""
    if sys.platform != "linux":
        return "Network namespaces are Linux's own: all hosts run on loopback."
    if os.geteuid() != 0:
        return "Only root may make network namespaces: all hosts run on loopback."
    probe = f"{_NAMESPACE}{os.getpid()}-probe"
    try:
        _ip("netns", "add", probe)
        _ip("netns", "del", probe)
    except (NetworkError, OSError) as error:
        return f"Network namespaces cannot be made here ({error}): all hosts run on loopback."
    return None


def network_for(hosts: Sequence[str], *, namespaces: bool = True) -> tuple[Network, str | None]:
    """Return a network for hosts, and why it is only loopback where it is."""
    if not namespaces:
        return Loopback(), "All hosts run on loopback, as was asked for."
    why = why_no_namespaces()
    return (Loopback(), why) if why else (Namespaces(hosts), None)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _free_subnet(start: int) -> str:
    routes = _ip("-4", "route", "show")
    for number in range(250):
        subnet = f"10.231.{(start + number) % 250}"
        if f"{subnet}.0/24" not in routes:
            return subnet
    raise NetworkError("All of 10.231.0.0/16 is used.")


def _sweep() -> None:
    """Remove what runs have left that were killed."""
    for space in _ours(line.split()[0] for line in _ip("netns", "list").splitlines() if line):
        _remove(space)
    links = (line.split(":")[1].strip().partition("@")[0] for line in _ip("-o", "link", "show").splitlines())
    for link in links:
        if link.startswith(_BRIDGE) and _is_gone(link.removeprefix(_BRIDGE)):
            _ip("link", "del", link)


def _ours(spaces: Iterator[str]) -> list[str]:
    ours = (space for space in spaces if space.startswith(_NAMESPACE))
    return [space for space in ours if _is_gone(space.removeprefix(_NAMESPACE).partition("-")[0])]


def _is_gone(pid: str) -> bool:
    return pid.isdecimal() and not Path(f"/proc/{pid}").exists()


def _remove(space: str) -> None:
    """Remove a namespace of ours, with what still runs in it."""
    for pid in _ip("netns", "pids", space).split():
        try:
            os.kill(int(pid), 9)
        except ProcessLookupError:
            continue
    _ip("netns", "del", space)
