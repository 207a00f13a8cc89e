"""The use cases behind every face of the server; built by `bootstrap`. Nothing here knows of the web."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from fleetlane.core.license import License
from fleetlane.scripts.packs import InForce
from fleetlane.work.access.access import Access
from fleetlane.work.access.hosts import HostAccess
from fleetlane.work.content.accounts import AccountService
from fleetlane.work.content.library import Library
from fleetlane.work.hosts.files import HostFiles
from fleetlane.work.hosts.links import HostLinkRegistry
from fleetlane.work.hosts.service import HostService
from fleetlane.work.phones.checkups import Checkups
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.phones.live_pictures import LivePictures
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.running.canary import Canary, nothing_awaited
from fleetlane.work.running.durations import Durations
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.intake import Intake
from fleetlane.work.tasks.patching import Patching
from fleetlane.work.tasks.queries import TaskQueries
from fleetlane.work.tasks.retry_all import RetryAll
from fleetlane.work.tasks.undo import UndoLog
from fleetlane.work.upkeep.event_broker import EventBroker
from fleetlane.work.upkeep.trace_archive import Traces
from fleetlane.work.upkeep.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the server can do its work. `problems` are sentences; with `store_problem` nothing can be done."""

    store_problem: str | None
    problems: tuple[str, ...]
    devices_known: int
    devices_ready: int
    devices_unauthorized: int = 0
    """How many have not allowed this computer."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is counted since the start of this process.

    `dispatched` is how long it took from claims of tasks to the starts of their attempts; `unit_retries` how often the
    store ran something again, by the database's code of why; `leads` whether it leads, None where the store is not
    shared.
    """

    dispatched: Durations
    unit_retries: Mapping[str, int]
    leads: bool | None


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting as people read it: its value, and its source. A secret's value is not here."""

    name: str
    value: str
    origin: str
    description: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Where the server lives on its computer, and what it was started with.

    `free_bytes` is asked at each request; `config_file` is where settings are read from, or would be.
    """

    data_dir: Path
    config_file: Path
    settings: Sequence[EffectiveSetting]
    free_bytes: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases behind the routes. `license`, `health`, `packs` and `measured` are asked at each request.

    `canary` is None where nobody waits for one; `host_links` is None where the store is not shared.
    """

    intake: Intake
    queries: TaskQueries
    traces: Traces
    changes: Changes
    decisions: Decisions
    retry_all: RetryAll
    undo: UndoLog
    accounts: AccountService
    devices: DeviceService
    manual_control: ManualControl
    checkups: Checkups
    live_pictures: LivePictures
    library: Library
    patching: Patching
    events: EventBroker
    access: Access
    host_access: HostAccess
    host_files: HostFiles
    license: Callable[[], License]
    health: Callable[[], Health]
    zone: tzinfo
    server_info: ServerInfo
    packs: Callable[[], InForce]
    workshop: Workshop
    hosts: HostService
    measured: Callable[[], Measured]
    canary: Canary | None = None
    host_links: HostLinkRegistry | None = None

    async def let_go(self, package: str, version: str) -> None:
        """Let no phone wait any more for a first post with a version of an app.

        Raises:
            NotFoundError: no first post is awaited with it.
        """
        if self.canary is None:
            raise nothing_awaited(package, version)
        await self.canary.let_go(package, version)

    def end_streams(self) -> None:
        """End the answers that would never end by themselves."""
        self.events.close()
        self.live_pictures.close()
        if self.host_links is not None:
            self.host_links.close()
