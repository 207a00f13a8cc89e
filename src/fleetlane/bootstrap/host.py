"""Builds a host: phones and what runs on them, on a store that servers share with it. It answers nobody but them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.server_files.cache import FileCache
from fleetlane.adapters.server_files.client import ServerFiles
from fleetlane.adapters.server_files.media import ServerMediaAccess
from fleetlane.adapters.server_files.spool import SpooledTraces
from fleetlane.adapters.video import video_check
from fleetlane.bootstrap.execution import Execution, Files, build_execution
from fleetlane.bootstrap.ground import Ground, lay_ground
from fleetlane.bootstrap.running import opened, working
from fleetlane.bootstrap.stores import database
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.hosts import HostKind
from fleetlane.data_directory import only_server
from fleetlane.own_packs import use_packs
from fleetlane.scripts.packs import PACKS
from fleetlane.settings import Settings, SettingsError
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.phones.remote_control import ActServer
from fleetlane.work.upkeep.pack_watch import PackWatch

if TYPE_CHECKING:
    from fleetlane.adapters.server_link.link import ServerLink

_CLOSE_S = 5.0
_MISSING = {
    "store_url": "the database that the servers use",
    "server_url": "the server that has the media, and gets the pictures",
    "host_token_file": "the file with the token that `fleetlane hosts add NAME` printed at the server",
}


@dataclass(frozen=True, slots=True)
class HostProcess:
    """A host, and everything that runs while `running` is entered. `name` is what it is called."""

    name: str
    running: Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class _Parts:
    ground: Ground
    files: ServerFiles
    traces: SpooledTraces
    packs: PackWatch
    devices: DeviceService
    link: ServerLink


def build_host(settings: Settings) -> HostProcess:
    """Return a host; nothing is started yet.

    Raises:
        SettingsError: something is not set that a host needs.
        FleetlaneError: something is not installed that it needs, or cannot be used.
    """
    missing = [f"{name} is not set: {what}." for name, what in _MISSING.items() if getattr(settings, name) is None]
    if missing:
        raise SettingsError.of(missing)
    use_packs(settings)
    ground = lay_ground(settings, HostKind.HOST)
    assert ground.host is not None
    files = ServerFiles(str(settings.server_url), str(settings.host_token), settings.server_ca)
    traces = SpooledTraces(files, settings.spool_dir, settings.spool_max_bytes)
    media = ServerMediaAccess(files, FileCache(settings.cache_dir, settings.cache_max_bytes))
    execution = build_execution(settings, ground, Files(traces, media, FileInspector(video_check())))
    packs = PackWatch(PACKS, settings.packs_dir)
    devices = DeviceService(ground.devices, execution.control, ground.store, ground.clock, packs.packages)
    link = _link(settings, ground, execution)
    parts = _Parts(ground, files, traces, packs, devices, link)
    return HostProcess(ground.host.name, lambda: _running(settings, parts, execution))


def _link(settings: Settings, ground: Ground, execution: Execution) -> ServerLink:
    try:
        from fleetlane.adapters.server_link.link import ServerLink  # noqa: PLC0415 - not everybody installs websockets
    except ImportError as error:
        raise FleetlaneError(
            f"What links a host to its server cannot be used ({error}). Install it: pip install 'fleetlane[fleet]'"
        ) from error
    assert ground.host is not None
    return ServerLink(
        str(settings.server_url),
        str(settings.host_token),
        ground.host,
        ActServer(execution.control, ground.devices.here, ground.lanes.is_busy, execution.pictures.jpeg_of),
        ca=settings.server_ca,
        plain=settings.plain_network,
    )


@asynccontextmanager
async def _running(settings: Settings, parts: _Parts, execution: Execution) -> AsyncGenerator[None]:
    ground = parts.ground
    place = database(str(settings.store_url and settings.store_url.get_secret_value()))
    with only_server(settings), place.among():
        place.must_be_current()
        parts.traces.start()
        try:
            loops = {"packs": parts.packs.run, "versions": parts.devices.keep_fresh, "link": parts.link.run}
            async with opened(ground, execution, _nothing), working(ground, execution, loops):
                yield
        finally:
            await parts.devices.close()
            parts.traces.drained(_CLOSE_S)
            parts.traces.close()
            parts.files.close()


async def _nothing() -> None:
    """Load nothing more than what everybody needs."""
