"""A whole fleet: PostgreSQL, servers, and hosts with simulated phones, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg
from forwarder import Forwarder
from network import NETWORK, Namespaces, Network
from postgres_cluster import Cluster
from program import Program, family_cpu_s
from server_process import ServerProcess, wait_for

from fleetlane.bootstrap.stores import database
from fleetlane.simulator.fleets.fleet import free_port
from fleetlane.simulator.ledger import read_ledger
from fleetlane.work.hosts.tokens import HostTokens

T = TypeVar("T")
_HERE = Path(__file__).parent
_START_S = 300.0
_PORTS_A_HOST = 300
_FIRST_PORT = 24_000
_LEDGER = "ledger.jsonl"
_SCRIPTS = {
    "FLEETLANE_EDITOR_DWELL_S": "0",
    "FLEETLANE_UPLOAD_PATIENCE_S": "1",
    "FLEETLANE_GRID_PATIENCE_S": "25",
    "FLEETLANE_VERIFY_WAIT_S": "120",
    "FLEETLANE_AUTO_RETRY": "true",
    "FLEETLANE_RETRY_DELAY_MIN_S": "0",
    "FLEETLANE_RETRY_DELAY_MAX_S": "0.5",
    "FLEETLANE_LOG_FORMAT": "json",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet is to be. `phones` is for each host; `app_delay`: the factor on the apps' own delays.

    `forwarded`: the database and the server are behind addresses that stay when others take their place.
    `first_life`: settings of the first host until it is started again. `quiet`: NOTIFY tells nobody anything.
    `wire`: what the wire of the first host does when it misbehaves (see `slow_wire`), such as --loss 0.3.
    """

    hosts: int = 2
    phones: int = 3
    servers: int = 1
    seed: int = 1
    app_delay: float = 0.05
    forwarded: bool = False
    first_life: Mapping[str, str] = field(default_factory=dict[str, str])
    quiet: bool = False
    wire: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """Return the names of the hosts."""
        return [f"rack{number}" for number in range(1, self.hosts + 1)]


@dataclass(slots=True)
class Host:
    """A host: its own process, and its phones, which go on whatever becomes of it."""

    name: str
    program: Program
    phones: Program
    ledger: Path
    serials: Sequence[str]
    adb_port: str

    def posts(self) -> list[dict[str, Any]]:
        """Return what its phones have published."""
        return read_ledger(self.ledger)


class WholeFleet:
    """A fleet of a plan in a folder. Use it as a context manager: then all of it runs and all phones are ready.

    Args:
        folder: which PostgreSQL's user must be able to reach.
        plan: what it is to be.
        network: that it lives in, which is entered already.
    """

    def __init__(self, folder: Path, plan: Plan, network: Network) -> None:
        self.folder = folder
        self.plan = plan
        self.network = network
        self.servers: list[ServerProcess] = []
        self.hosts: list[Host] = []
        self.cluster = self._first_cluster = self._new_cluster()
        """The database that is asked: another one when a standby took over."""
        self.wire: Program | None = None
        self.database_door: Forwarder | None = None
        self.server_door: Forwarder | None = None
        self._token = secrets.token_urlsafe(24)
        self._stack = ExitStack()

    def _new_cluster(self) -> Cluster:
        return Cluster(self.folder / "postgres", [NETWORK], listen_addresses=self.listens)

    @property
    def listens(self) -> str:
        """Return where servers of PostgreSQL are to listen."""
        return ",".join(sorted({"127.0.0.1", self.network.address}))

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        self._stack.callback(self._remove_cluster)
        phones = [self._phones(number, name) for number, name in enumerate(self.plan.names)]  # they take the longest
        self.cluster.start()
        if self.plan.quiet:
            self._hush()
        if self.plan.forwarded:
            where = (self.network.address, self.cluster.port)
            self.database_door = self.enter(Forwarder(self.network.address, where))
        for number in range(1, self.plan.servers + 1):
            self.servers.append(self.enter(self._server(number)))
        self._start_server(self.servers[0])  # makes the tables
        if self.plan.forwarded:
            first = (self.network.address, self.servers[0].port)
            self.server_door = self.enter(Forwarder(self.network.address, first))
        tokens = asyncio.run(_tokens(self.cluster.url, self.plan.names))
        self.hosts = [self._host(name, of_host, tokens[name]) for name, of_host in phones]
        if self.plan.wire:
            self.wire = self._wire(self.hosts[0])
        for host in self.hosts:
            self.start(host, **(self.plan.first_life if host is self.hosts[0] else {}))
        for server in self.servers[1:]:
            self._start_server(server)
        self.wait_until_ready()

    @staticmethod
    def _start_server(server: ServerProcess) -> None:
        server.start()
        if server.is_dead:
            raise SystemExit(f"A server ended by itself:\n{tail(server.log)}")

    def _remove_cluster(self) -> None:
        if self._first_cluster.folder.exists():
            self._first_cluster.remove()

    def _hush(self) -> None:
        """Put a function that does nothing before PostgreSQL's own, which tells those that listen."""
        does_nothing = "FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''"
        with psycopg.connect(self.cluster.url, autocommit=True) as connection:
            connection.execute(f"CREATE {does_nothing}")
            connection.execute("ALTER ROLE fleetlane SET search_path = public, pg_catalog")

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    # -- its parts ---------------------------------------------------------------------------------------

    @property
    def server(self) -> ServerProcess:
        """Return the server that is asked."""
        return next(server for server in self.servers if not server.is_dead)

    @property
    def store_url(self) -> str:
        """Return the address of the database for servers and hosts."""
        door = self.database_door
        return f"postgresql://fleetlane@{self.network.address}:{door.port if door else self.cluster.port}/postgres"

    @property
    def server_url(self) -> str:
        """Return the address of the server for hosts."""
        return f"http://{self.network.address}:{(self.server_door or self.servers[0]).port}"

    def _server(self, number: int) -> ServerProcess:
        folder = self.folder / f"server{number}"
        folder.mkdir()
        settings = {
            **_SCRIPTS,
            "FLEETLANE_STORE_URL": self.store_url,
            "FLEETLANE_HOST_NAME": f"server{number}",
            "FLEETLANE_PLAIN_NETWORK": "true",
            "FLEETLANE_ALLOWED_HOSTS": json.dumps([self.network.address]),
            "ADBUTILS_ADB_PATH": "/nowhere/adb",
        }
        return ServerProcess(folder, free_port(), settings, address=self.network.address, token=self._token)

    def _phones(self, number: int, name: str) -> tuple[str, Program]:
        """Start the phones of a host. Returns its name and them."""
        folder = self.folder / name
        folder.mkdir()
        options = {
            "phones": self.plan.phones,
            "seed": self.plan.seed * 100 + number,
            "first-port": _FIRST_PORT + number * _PORTS_A_HOST,
            "ledger": folder / _LEDGER,
            "app-delay": self.plan.app_delay,
        }
        phones = self._program(name, "phones", _HERE / "phones.py", _arguments(options), {})
        phones.start()
        return name, phones

    def _host(self, name: str, phones: Program, token: str) -> Host:
        """Return a host that is not started yet, when its phones are there."""
        folder = self.folder / name
        token_file = folder / "token"
        token_file.touch(mode=0o600)
        token_file.write_text(token, encoding="ascii")
        settings = {
            **_SCRIPTS,
            "FLEETLANE_STORE_URL": self.store_url,
            "FLEETLANE_PLAIN_NETWORK": "true",
            "FLEETLANE_HOST_TOKEN_FILE": str(token_file),
        }
        options = {"name": name, "server": self.server_url, "data-dir": folder / "data"}
        program = self._program(name, "host", _HERE / "victim.py", ["host", *_arguments(options)], settings)
        said = json.loads(phones.line() or "null")
        if said is None:
            raise SystemExit(f"The phones of {name} did not start:\n{tail(phones.log)}")
        return Host(name, program, phones, folder / _LEDGER, said["serials"], str(said["adb_port"]))

    def _program(
        self, host: str, what: str, path: Path, arguments: Sequence[str], settings: Mapping[str, str]
    ) -> Program:
        command = self.network.inside(host, [sys.executable, str(path), *arguments])
        program = Program(command, self.folder / host / f"{what}.log", settings)
        return self.enter(program)

    def _wire(self, host: Host) -> Program:
        """Return the wire of a host, which behaves for now."""
        assert isinstance(self.network, Namespaces)
        ends = {
            "space": self.network.space(host.name),
            "server": self.network.address,
            "address": f"{self.network.address.rpartition('.')[0]}.200",
        }
        command = [sys.executable, str(_HERE / "slow_wire.py"), *_arguments(ends), *self.plan.wire]
        wire = self.enter(Program(command, self.folder / "wire.log", {}))
        wire.start()
        if not wire.line():
            raise SystemExit(f"The wire of {host.name} could not be made:\n{tail(wire.log)}")
        return wire

    def start(self, host: Host, **settings: str) -> None:
        """Start a host, which does not run, with more settings for this life."""
        host.program.start(FLEETLANE_ADB_PORT=host.adb_port, **settings)

    def wait_until_ready(self) -> None:
        """Wait until all phones of all hosts can take a task."""
        phones = self.plan.hosts * self.plan.phones
        wait_for(lambda: self.server.ready_phones() == phones, _START_S, f"{phones} phones to be ready")

    def enter(self, part: AbstractContextManager[T]) -> T:
        """Enter something that ends with the fleet."""
        return self._stack.enter_context(part)

    # -- what is asked of it -------------------------------------------------------------------------------

    def host_of(self, serial: str) -> Host:
        """Return the host of a phone."""
        return next(host for host in self.hosts if serial in host.serials)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what the database answers, as it is now.

        Raises:
            psycopg.Error: it does not.
        """
        with psycopg.connect(self.cluster.url, autocommit=True, connect_timeout=2) as connection:
            return connection.execute(query, values).fetchall()

    def cpu_s(self) -> dict[str, float]:
        """Return the seconds of processor that servers, hosts and PostgreSQL have used."""
        servers = sum(_cpu_of(server) for server in self.servers)
        hosts = sum(host.program.cpu_s for host in self.hosts)
        return {"server": servers, "hosts": hosts, "postgres": family_cpu_s(self.cluster.pid)}


async def _tokens(url: str, names: Sequence[str]) -> dict[str, str]:
    store = database(url).store(lambda _changes: None)
    store.start()
    try:
        return {name: await HostTokens(store).issue(name) for name in names}
    finally:
        store.close()


def _arguments(options: Mapping[str, object]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def _cpu_of(server: ServerProcess) -> float:
    return 0.0 if server.is_dead else family_cpu_s(server.pid)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
