"""Builds a server, and takes it down again in order.

Each part is given what it needs when it is made, so all of it is made before: from the clock and the store up to the
routes. Whoever wants to hear of something subscribes to what was there before it (`Lanes`, `EventBroker`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI

from fleetlane.adapters.android.supervisor import DeviceSupervisor, adb_port
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.license import LicenseFile
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.video import video_check
from fleetlane.bootstrap.execution import Execution, Foundation, build_execution
from fleetlane.bootstrap.from_settings import (
    evening,
    http_options,
    longest_attempt_s,
    rules,
    script_settings,
    server_info,
)
from fleetlane.bootstrap.health import health
from fleetlane.bootstrap.stores import StorePlace, place_of
from fleetlane.core.device import Device
from fleetlane.core.event import Change, EventKind
from fleetlane.core.ports.hosts import HostTokens
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
from fleetlane.work.phones.checkups import Checkups
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.preflight.inspection import Inspection
from fleetlane.work.preflight.outlook import Outlook
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.recovery import recover
from fleetlane.work.services import Services
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.intake import Intake
from fleetlane.work.tasks.look_ahead import LookAhead
from fleetlane.work.tasks.patching import Patching
from fleetlane.work.tasks.pending_reasons import PendingReasons
from fleetlane.work.tasks.queries import TaskQueries
from fleetlane.work.tasks.retry_all import RetryAll
from fleetlane.work.tasks.undo import UndoLog
from fleetlane.work.upkeep.event_broker import EventBroker
from fleetlane.work.upkeep.licensing import Licensing
from fleetlane.work.upkeep.pack_watch import PackWatch
from fleetlane.work.upkeep.retention import IdempotencyKeyRetention, Retention, TraceRetention
from fleetlane.work.upkeep.trace_archive import Traces
from fleetlane.work.upkeep.workshop import Workshop

_HOUR_MS = 60 * 60 * 1000
log = structlog.get_logger(__name__)

_Loops = Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
"""What runs until the server stops, by the names of its tasks."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its app, and everything that runs beside it while `running` is entered."""

    app: FastAPI
    running: Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class _Parts(Foundation):
    """The foundation of a server, by what it is made of here."""

    store: SqlStore
    place: StorePlace
    traces: TraceFolder
    materials: MaterialFolder
    supervisor: DeviceSupervisor
    packs: PackWatch
    inspection: Inspection
    outlook: Outlook


def build(settings: Settings, host_tokens: HostTokens | None = None) -> Server:
    """Return a server; nothing is started yet. Without `host_tokens` it has no hosts."""
    parts = _parts(settings)
    execution = build_execution(settings, parts)
    services = _services(settings, parts, execution, host_tokens or NoHostTokens())
    app = create_app(services, http_options(settings), PAGES)
    return Server(app, lambda: _running(settings, parts, execution, services))


def _parts(settings: Settings) -> _Parts:
    clock, lanes = SystemClock(), Lanes()
    use_packs(settings)
    events = EventBroker(clock)
    place = place_of(settings)
    store = place.store(events.tell)
    repeats = RepeatWindow.of(settings.repeat_refuse_min, settings.repeat_warn_days)
    supervisor = DeviceSupervisor(adb_port(settings.adb_port), clock)
    license_file = LicenseFile(settings.license_path, settings.license_public_keys)
    inspector = FileInspector(video_check())
    materials = MaterialFolder(settings.materials_dir, inspector)
    inspection = Inspection(inspector, script_settings(settings).folders, settings.inspect_max_s)

    def changed(device: Device) -> None:
        events.tell([Change(EventKind.DEVICE, serial=device.serial, facts={"state": device.state.value})])

    return _Parts(
        clock=clock,
        store=store,
        place=place,
        traces=TraceFolder(settings.traces_dir),
        materials=materials,
        media=LocalMediaAccess(inspection.media, materials),
        inspector=inspector,
        events=events,
        lanes=lanes,
        repeats=repeats,
        devices=PhoneDirectory(supervisor, store, clock, lanes, repeats=repeats, changed=changed),
        licensing=Licensing(license_file, store, clock, lanes.notify),
        supervisor=supervisor,
        packs=PackWatch(PACKS, settings.packs_dir),
        inspection=inspection,
        outlook=Outlook(inspection),
    )


def _services(settings: Settings, parts: _Parts, execution: Execution, host_tokens: HostTokens) -> Services:
    """Return the use cases behind every face."""
    store, clock, lanes, repeats, zone = parts.store, parts.clock, parts.lanes, parts.repeats, settings.zone
    scheduler, packs, licensing = execution.scheduler, parts.packs, parts.licensing
    waiting = PendingReasons(parts.devices, lanes, scheduler, clock, zone)
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
        devices=DeviceService(parts.devices, execution.control, store, clock, packs.packages),
        manual_control=execution.manual_control,
        checkups=Checkups(execution.manual_control, parts.devices, clock),
        live_pictures=execution.pictures,
        library=Library(store, parts.materials, clock),
        events=parts.events,
        access=_access(settings, parts),
        host_access=HostAccess(host_tokens, Guesses(clock, parts.events.tell)),
        host_files=_host_files(settings, parts),
        license=licensing.now,
        packs=lambda: packs.now,
        canary=execution.canary,
        workshop=Workshop(traces, PACKS, settings.packs_dir, settings.traces_dir),
        health=lambda: health(store, parts.supervisor, parts.devices, licensing.now(), packs.now),
        zone=zone,
        server_info=server_info(settings),
    )


def _access(settings: Settings, parts: _Parts) -> Access:
    token = settings.secret_token
    return Access(token, Sessions(parts.store, parts.clock, token or ""), Guesses(parts.clock, parts.events.tell))


def _host_files(settings: Settings, parts: _Parts) -> HostFiles:
    media = LocalMedia(settings.folders, parts.inspector, settings.inspect_max_s)
    return HostFiles(parts.store, media, parts.inspection, parts.materials, parts.traces)


@asynccontextmanager
async def _running(settings: Settings, parts: _Parts, execution: Execution, services: Services) -> AsyncGenerator[None]:
    with only_server(settings), parts.place.alone():
        _ready_data(parts)
        parts.store.start()
        parts.events.open()
        execution.pictures.open()
        try:
            await asyncio.gather(parts.licensing.reload(), services.access.sessions.load())
            await execution.leases.begin()  # the lock of the directory says that no other server lives here
            await recover(parts.store, parts.clock, repeats=parts.repeats)
            await parts.devices.load()
            async with _working(parts, execution, _loops(settings, parts, execution, services)):
                yield
        finally:
            parts.inspection.close()
            await services.devices.close()
            await execution.leases.end()
            parts.store.close()


def _ready_data(parts: _Parts) -> None:
    """Bring the store to this version, and remove what a server that was killed left half received."""
    parts.place.migrate()
    if swept := parts.materials.sweep():
        log.info("uploads_swept", files=swept)


def _loops(settings: Settings, parts: _Parts, execution: Execution, services: Services) -> _Loops:
    store, clock, outlook = parts.store, parts.clock, parts.outlook
    look_ahead = LookAhead(store, outlook, clock, settings.zone, evening(settings), on_fine=parts.devices.added)
    return {
        "scheduler": execution.scheduler.run,
        "manual control": execution.manual_control.run,
        "leases": execution.leases.run,
        "licence": parts.licensing.run,
        "look ahead": look_ahead.run,
        "late tasks": LateTasks(store, parts.lanes, clock, longest_attempt_s(settings)).run,
        "phones": parts.devices.run,
        "verification timeout": execution.verification.run,
        "packs": parts.packs.run,
        **({"versions": services.devices.keep_fresh} if settings.canary else {}),
        "retention": _retention(settings, parts).run,
    }


def _retention(settings: Settings, parts: _Parts) -> Retention:
    keys = IdempotencyKeyRetention(parts.store, parts.clock, round(settings.idempotency_keep_h * _HOUR_MS))
    keep_ms = round(settings.trace_keep_days * 24 * _HOUR_MS)
    old_traces = TraceRetention(parts.store, parts.traces, parts.clock, keep_ms, settings.max_trace_bytes)
    return Retention({"answers_forgotten": keys.sweep, "traces_forgotten": old_traces.sweep})


@asynccontextmanager
async def _working(parts: _Parts, execution: Execution, loops: _Loops) -> AsyncGenerator[None]:
    """Follow the devices, run tasks on them, and keep the loops going."""
    loop = asyncio.get_running_loop()
    parts.supervisor.start(lambda: _soon(loop, parts.devices.update))
    try:
        async with asyncio.TaskGroup() as group:  # when one of them fails, the server ends
            running = [group.create_task(loop_of(), name=name) for name, loop_of in loops.items()]
            yield
            execution.scheduler.stop_starting()
            for task in running:
                task.cancel()
    finally:
        execution.scheduler.stop_starting()
        await execution.executor.close()
        parts.supervisor.stop()


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the event loop, unless that has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
