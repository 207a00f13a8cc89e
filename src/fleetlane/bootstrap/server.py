"""Builds a server, and takes it down again in order.

Each part is given what it needs when it is made, so all of it is made before: from the clock and the store up to the
routes. Whoever wants to hear of something subscribes to what was there before it (`Lanes`, `EventBroker`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI

from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.license import LicenseFile
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.video import video_check
from fleetlane.bootstrap.execution import Execution, Files, build_execution
from fleetlane.bootstrap.from_settings import (
    evening,
    http_options,
    longest_attempt_s,
    rules,
    script_settings,
    server_info,
)
from fleetlane.bootstrap.ground import Ground, lay_ground
from fleetlane.bootstrap.health import health
from fleetlane.bootstrap.hosts import fleet, host_service
from fleetlane.bootstrap.running import opened, working
from fleetlane.core.hosts import HostKind
from fleetlane.core.ports.hosts import HostTokens as HostTokenCheck
from fleetlane.core.ports.media import MediaInspector
from fleetlane.dashboard.router import PARTS as PAGES
from fleetlane.data_directory import only_server
from fleetlane.http.app import create_app
from fleetlane.own_packs import use_packs
from fleetlane.scripts.local_media import LocalMedia, LocalMediaAccess
from fleetlane.scripts.packs import PACKS
from fleetlane.settings import Settings
from fleetlane.work.access.access import Access
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.hosts import HostAccess, NoHostTokens
from fleetlane.work.access.sessions import Sessions
from fleetlane.work.content.accounts import AccountService
from fleetlane.work.content.library import Library
from fleetlane.work.hosts.files import HostFiles
from fleetlane.work.hosts.links import HostLinkRegistry
from fleetlane.work.hosts.tokens import HostTokens
from fleetlane.work.phones.checkups import Checkups
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.preflight.inspection import Inspection
from fleetlane.work.preflight.outlook import Outlook
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.leader import Leader, Leading, Loops
from fleetlane.work.running.other_workers import DEVICE_LIMIT
from fleetlane.work.services import Health, Measured, Services
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.intake import Intake
from fleetlane.work.tasks.look_ahead import LookAhead
from fleetlane.work.tasks.patching import Patching
from fleetlane.work.tasks.pending_reasons import PendingReasons
from fleetlane.work.tasks.queries import TaskQueries
from fleetlane.work.tasks.retry_all import RetryAll
from fleetlane.work.tasks.undo import UndoLog
from fleetlane.work.upkeep.licensing import Licensing
from fleetlane.work.upkeep.pack_watch import PackWatch
from fleetlane.work.upkeep.retention import IdempotencyKeyRetention, Retention, TraceRetention
from fleetlane.work.upkeep.trace_archive import Traces
from fleetlane.work.upkeep.workshop import Workshop

_HOUR_MS = 60 * 60 * 1000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its app, and everything that runs beside it while `running` is entered."""

    app: FastAPI
    running: Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a server is made of, beside its execution and its use cases."""

    ground: Ground
    inspector: MediaInspector
    traces: TraceFolder
    materials: MaterialFolder
    media: LocalMediaAccess
    licensing: Licensing
    packs: PackWatch
    inspection: Inspection
    outlook: Outlook
    host_links: HostLinkRegistry | None
    leading: Leading


def build(settings: Settings) -> Server:
    """Return a server; nothing is started yet."""
    parts = _parts(settings)
    execution = build_execution(
        settings,
        parts.ground,
        Files(parts.traces, parts.media, parts.inspector),
        lambda: parts.licensing.now().device_limit,
        parts.host_links,
    )
    services = _services(settings, parts, execution)
    app = create_app(services, http_options(settings), PAGES)
    return Server(app, lambda: _running(settings, parts, execution, services))


def _parts(settings: Settings) -> _Parts:
    use_packs(settings)
    ground = lay_ground(settings, HostKind.SERVER)
    license_file = LicenseFile(settings.license_path, settings.license_public_keys)
    licensing = Licensing(license_file, ground.store, ground.clock, lambda: _licence_changed(ground, licensing))
    inspector = FileInspector(video_check())
    materials = MaterialFolder(settings.materials_dir, inspector)
    inspection = Inspection(inspector, script_settings(settings).folders, settings.inspect_max_s)
    return _Parts(
        ground=ground,
        traces=TraceFolder(settings.traces_dir),
        materials=materials,
        media=LocalMediaAccess(inspection.media, materials),
        inspector=inspector,
        licensing=licensing,
        packs=PackWatch(PACKS, settings.packs_dir),
        inspection=inspection,
        outlook=Outlook(inspection),
        host_links=HostLinkRegistry(ground.host) if ground.host else None,
        leading=Leading(),
    )


def _services(settings: Settings, parts: _Parts, execution: Execution) -> Services:
    """Return the use cases behind every face."""
    ground = parts.ground
    store, clock, lanes, repeats, zone = ground.store, ground.clock, ground.lanes, ground.repeats, settings.zone
    scheduler, packs, licensing = execution.scheduler, parts.packs, parts.licensing
    this_host = ground.host.name if ground.host else None
    waiting = PendingReasons(ground.devices, lanes, scheduler, clock, zone, fleet=fleet(ground))
    queries = TaskQueries(store, waiting)
    traces = Traces(queries, parts.traces)
    checks, outlook = rules(settings), parts.outlook
    changes = Changes(store, scheduler, lanes, clock, parts.traces.forget, repeats=repeats, zone=zone)
    most_retries = settings.max_retry_count if settings.auto_retry else None
    return Services(
        intake=Intake(store, lanes, waiting, clock, rules=checks, outlook=outlook, window=repeats),
        patching=Patching(store, lanes, clock, rules=checks, outlook=outlook, window=repeats),
        queries=queries,
        traces=traces,
        changes=changes,
        decisions=Decisions(store, lanes, clock, repeats, zone),
        retry_all=RetryAll(store, lanes, clock, most_retries, repeats),
        undo=UndoLog(changes),
        accounts=AccountService(store, lanes, clock, repeats),
        devices=DeviceService(ground.devices, execution.control, store, clock, packs.packages, this_host=this_host),
        manual_control=execution.manual_control,
        checkups=Checkups(execution.manual_control, ground.devices, clock),
        live_pictures=execution.pictures,
        library=Library(store, parts.materials, clock),
        events=ground.events,
        access=_access(settings, parts),
        host_access=HostAccess(_host_tokens(ground), _guesses(ground)),
        host_files=_host_files(settings, parts),
        license=licensing.now,
        packs=lambda: packs.now,
        canary=execution.canary,
        workshop=Workshop(traces, PACKS, settings.packs_dir, settings.traces_dir),
        hosts=host_service(ground),
        measured=lambda: _measured(parts, execution),
        health=lambda: _health(parts, execution),
        zone=zone,
        server_info=server_info(settings),
        host_links=parts.host_links,
    )


def _health(parts: _Parts, execution: Execution) -> Health:
    ground, others = parts.ground, execution.others
    silent = others.silent if others is not None else ()
    license_, packs = parts.licensing.now(), parts.packs.now
    return health(ground.store, ground.supervisor, ground.devices, license_, packs, silent=silent)


def _measured(parts: _Parts, execution: Execution) -> Measured:
    leads = parts.leading.now if parts.ground.host is not None else None
    return Measured(execution.scheduler.dispatched, parts.ground.store.retries, leads)


def _access(settings: Settings, parts: _Parts) -> Access:
    token, ground = settings.secret_token, parts.ground
    return Access(token, Sessions(ground.store, ground.clock, token or ""), _guesses(ground))


def _guesses(ground: Ground) -> Guesses:
    return Guesses(ground.clock, ground.events.tell)


def _host_tokens(ground: Ground) -> HostTokenCheck:
    return NoHostTokens() if ground.host is None else HostTokens(ground.store)


def _host_files(settings: Settings, parts: _Parts) -> HostFiles:
    media = LocalMedia(settings.folders, parts.inspector, settings.inspect_max_s)
    return HostFiles(parts.ground.store, media, parts.inspection, parts.materials, parts.traces)


@asynccontextmanager
async def _running(settings: Settings, parts: _Parts, execution: Execution, services: Services) -> AsyncGenerator[None]:
    ground, sessions = parts.ground, services.access.sessions
    with only_server(settings):
        _ready_data(parts)
        with ground.place.among(), ground.place.leadership() as leads:
            try:
                async with (
                    opened(ground, execution, lambda: asyncio.gather(_load_licence(parts), sessions.load())),
                    working(ground, execution, _loops(settings, parts, execution, services, leads)),
                ):
                    yield
            finally:
                parts.inspection.close()
                await services.devices.close()


def _ready_data(parts: _Parts) -> None:
    """Bring the store to this version, and remove what a server that was killed left half received."""
    parts.ground.place.migrate()
    if swept := parts.materials.sweep():
        log.info("uploads_swept", files=swept)


async def _load_licence(parts: _Parts) -> None:
    await parts.licensing.reload()
    _note_limit(parts.ground, parts.licensing)


def _licence_changed(ground: Ground, licensing: Licensing) -> None:
    ground.lanes.notify()
    _note_limit(ground, licensing)


def _note_limit(ground: Ground, licensing: Licensing) -> None:
    """Tell the hosts, which have no licence of their own, how many phones may work at the same time."""
    if ground.host is not None:
        limit = licensing.now().device_limit
        ground.store.submit(lambda r: r.facts.set(DEVICE_LIMIT, "" if limit is None else str(limit)))


def _loops(
    settings: Settings, parts: _Parts, execution: Execution, services: Services, leads: Callable[[], bool] | None
) -> Loops:
    own = {
        "licence": parts.licensing.run,
        "packs": parts.packs.run,
        **({"versions": services.devices.keep_fresh} if settings.canary or parts.ground.host else {}),
    }
    once = _for_all(settings, parts, execution)
    return {**own, **once} if leads is None else {**own, "leader": Leader(leads, once, parts.leading).run}


def _for_all(settings: Settings, parts: _Parts, execution: Execution) -> Loops:
    """Return what one server does for all that work on the store."""
    ground = parts.ground
    store, clock, outlook = ground.store, ground.clock, parts.outlook
    look_ahead = LookAhead(store, outlook, clock, settings.zone, evening(settings), on_fine=ground.devices.added)
    return {
        "look ahead": look_ahead.run,
        "late tasks": LateTasks(store, ground.lanes, clock, longest_attempt_s(settings)).run,
        "verification timeout": execution.verification.run,
        "retention": _retention(settings, parts).run,
    }


def _retention(settings: Settings, parts: _Parts) -> Retention:
    ground = parts.ground
    keys = IdempotencyKeyRetention(ground.store, ground.clock, round(settings.idempotency_keep_h * _HOUR_MS))
    keep_ms = round(settings.trace_keep_days * 24 * _HOUR_MS)
    old_traces = TraceRetention(ground.store, parts.traces, ground.clock, keep_ms, settings.max_trace_bytes)
    return Retention({"answers_forgotten": keys.sweep, "traces_forgotten": old_traces.sweep})
