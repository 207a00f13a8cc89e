"""The one place that builds everything, and takes it down again in order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import time
from typing import Any

import structlog
from fastapi import FastAPI

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.android.supervisor import DeviceSupervisor, adb_port
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.license import LicenseFile
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.video import video_check
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.event import Change, EventKind
from fleetlane.core.license import License
from fleetlane.core.schedule import parse_hhmm
from fleetlane.core.task import LatePolicy
from fleetlane.dashboard.router import router as dashboard
from fleetlane.data_directory import only_server
from fleetlane.http.app import HttpOptions, create_app
from fleetlane.own_packs import use_packs
from fleetlane.scripts.packs import PACKS, InForce
from fleetlane.scripts.script import ScriptSettings, broken_scripts
from fleetlane.settings import Settings, config_path, effective_settings, own_config_path
from fleetlane.work.access.access import Access
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.sessions import Sessions
from fleetlane.work.content.accounts import AccountService
from fleetlane.work.content.library import Library
from fleetlane.work.phones.checkups import Checkups
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.phones.live_pictures import LivePictures
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.preflight.inspection import Inspection
from fleetlane.work.preflight.outlook import Outlook
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.recovery import recover
from fleetlane.work.running.runner import Runner
from fleetlane.work.running.scheduler import Scheduler
from fleetlane.work.services import EffectiveSetting, Health, ServerInfo, Services
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.intake import Intake
from fleetlane.work.tasks.look_ahead import LookAhead
from fleetlane.work.tasks.patching import Patching
from fleetlane.work.tasks.pending_reasons import PendingReasons
from fleetlane.work.tasks.queries import TaskQueries
from fleetlane.work.tasks.request import Rules
from fleetlane.work.tasks.retry_all import RetryAll
from fleetlane.work.tasks.undo import UndoLog
from fleetlane.work.upkeep.event_broker import EventBroker
from fleetlane.work.upkeep.licensing import Licensing
from fleetlane.work.upkeep.pack_watch import PackWatch
from fleetlane.work.upkeep.retention import IdempotencyKeyRetention, Retention, TraceRetention
from fleetlane.work.upkeep.trace_archive import Traces
from fleetlane.work.upkeep.workshop import Workshop

_NAMED = 5
_HOUR_MS = 60 * 60 * 1000
_MINUTE_MS = 60 * 1000
_LONGEST_UPLOAD_S = 3600  # as the schema of `post` allows
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its app, and everything that runs beside it while `running` is entered."""

    app: FastAPI
    running: Callable[[], AbstractAsyncContextManager[None]]


def build(settings: Settings) -> Server:
    """Return a server; nothing is started yet."""
    clock = SystemClock()
    packs = _packs(settings)
    store = SqliteStore(settings.store_path)
    events = EventBroker(clock)
    store.on_change = events.tell
    supervisor = DeviceSupervisor(adb_port(settings.adb_port), clock)
    devices = PhoneDirectory(supervisor, store, clock)
    devices.window = window = RepeatWindow.of(settings.repeat_refuse_min, settings.repeat_warn_days)
    licensing = Licensing(LicenseFile(settings.license_path, settings.license_public_keys), store, clock)
    scheduler, leases = _scheduling(
        settings, store=store, clock=clock, devices=devices, licensing=licensing, events=events, window=window
    )
    manual_control = ManualControl(scheduler, devices, clock, settings.take_over_idle_s, events.tell)
    scheduler.on_free = manual_control.freed
    waiting = PendingReasons(devices, scheduler, clock, settings.zone)
    traces = TraceFolder(settings.traces_dir)
    inspector = FileInspector(video_check())
    materials = MaterialFolder(settings.materials_dir, inspector)
    script_settings = _script_settings(settings)
    runner = Runner(
        store,
        traces,
        materials,
        clock,
        settings=script_settings,
        timeout_s=settings.task_timeout_s,
        leases=leases,
        inspector=inspector,
    )
    pictures = LivePictures(scheduler, devices, clock, settings.picture_interval_s)
    runner.on_picture = pictures.keep
    queries = TaskQueries(store, waiting)
    changes = Changes(store, scheduler, clock, traces.forget, repeats=window, zone=settings.zone)
    rules = _rules(settings)
    inspection = Inspection(inspector, script_settings.folders, settings.inspect_max_s)
    outlook = Outlook(inspection)
    device_service = DeviceService(devices, store, clock, packs.packages)
    services = Services(
        intake=Intake(store, scheduler, waiting, clock, rules=rules, outlook=outlook, window=window),
        patching=Patching(store, scheduler, clock, rules=rules, outlook=outlook, window=window),
        queries=queries,
        traces=Traces(queries, traces),
        changes=changes,
        decisions=Decisions(store, scheduler, clock, window, settings.zone),
        retry_all=RetryAll(store, scheduler, clock, settings.max_retry_count if settings.auto_retry else None, window),
        undo=UndoLog(changes),
        accounts=AccountService(store, scheduler, clock, window),
        devices=device_service,
        manual_control=manual_control,
        checkups=Checkups(manual_control, devices, clock, lambda driver: check(driver, clock)),
        live_pictures=pictures,
        library=Library(store, materials, clock),
        events=events,
        access=_access(settings, store, clock, events),
        license=licensing.now,
        packs=lambda: packs.now,
        canary=scheduler.canary,
        workshop=Workshop(Traces(queries, traces), PACKS, settings.packs_dir, settings.traces_dir),
        health=lambda: _health(store, supervisor, devices, licensing.now(), packs.now),
        zone=settings.zone,
        server_info=_server_info(settings),
    )

    @asynccontextmanager
    async def running() -> AsyncGenerator[None]:
        with only_server(settings):
            _ready_data(settings, materials)
            store.start()
            events.open()
            try:
                await asyncio.gather(licensing.reload(), services.access.sessions.load())
                await leases.seize()  # the lock of the directory says that no other server lives
                await recover(store, clock, repeats=window)
                await devices.load()
                executor = LocalExecutor(devices, runner, scheduler.ended)
                manual_control.use(executor)
                pictures.use(executor)
                loops = {
                    "scheduler": scheduler.run,
                    "manual control": manual_control.run,
                    "leases": leases.run,
                    "licence": licensing.run,
                    "look ahead": LookAhead(
                        store, outlook, clock, settings.zone, _evening(settings), on_fine=devices.added
                    ).run,
                    "late tasks": LateTasks(store, scheduler, clock).run,
                    "phones": devices.run,
                    "patience": VerificationTimeout(store, scheduler, clock, settings.verify_wait_s).run,
                    "packs": packs.run,
                    **({"versions": device_service.keep_fresh} if settings.canary else {}),
                    "retention": _retention(settings, store, traces, clock).run,
                }
                async with _working(supervisor, devices, scheduler, executor, loops):
                    yield
            finally:
                inspection.close()
                await device_service.close()
                await leases.end()
                store.close()

    return Server(create_app(services, _http_options(settings), [dashboard]), running)


def _packs(settings: Settings) -> PackWatch:
    use_packs(settings)
    return PackWatch(PACKS, settings.packs_dir)


def _ready_data(settings: Settings, materials: MaterialFolder) -> None:
    """Bring the store to this version, and remove what a server that was killed left half received."""
    migrate(settings.store_path, backups=settings.backups_dir)
    if swept := materials.sweep():
        log.info("uploads_swept", files=swept)


def _access(settings: Settings, store: SqliteStore, clock: SystemClock, events: EventBroker) -> Access:
    token = settings.secret_token
    return Access(token, Sessions(store, clock, token or ""), Guesses(clock, events.tell))


def _scheduling(
    settings: Settings,
    *,
    store: SqliteStore,
    clock: SystemClock,
    devices: PhoneDirectory,
    licensing: Licensing,
    events: EventBroker,
    window: RepeatWindow,
) -> tuple[Scheduler, DeviceLeases]:
    """Return what gives tasks to phones, and this server's right to them; each hears of what changes for it."""
    canary = Canary(store, clock) if settings.canary else None
    leases = DeviceLeases(
        store, clock, lambda: {device.serial for device in devices.all()} | {*scheduler.busy}, repeats=window
    )
    scheduler = Scheduler(
        store,
        devices,
        clock,
        lambda: licensing.now().device_limit,
        retries=_retries(settings),
        leases=leases,
        longest_attempt_s=settings.task_timeout_s + _LONGEST_UPLOAD_S,
        canary=canary,
        repeats=window,
    )
    if canary is not None:
        canary.wake = scheduler.notify
    leases.on_change = licensing.on_change = scheduler.notify
    devices.on_change = lambda device: _device_changed(device, scheduler, events)
    devices.in_use = lambda lane: scheduler.is_busy(lane) or scheduler.is_held(lane)
    devices.on_moved, scheduler.on_added = scheduler.changed, devices.added
    return scheduler, leases


@asynccontextmanager
async def _working(
    supervisor: DeviceSupervisor,
    devices: PhoneDirectory,
    scheduler: Scheduler,
    executor: LocalExecutor,
    loops: Mapping[str, Callable[[], Coroutine[Any, Any, None]]],
) -> AsyncGenerator[None]:
    """Follow the devices, run tasks on them, and keep the loops going."""
    loop = asyncio.get_running_loop()
    scheduler.use(executor)
    supervisor.on_change = lambda: _soon(loop, devices.update)
    supervisor.start()
    try:
        async with asyncio.TaskGroup() as group:  # when one of them fails, the server ends
            running = [group.create_task(loop_of(), name=name) for name, loop_of in loops.items()]
            yield
            scheduler.stop_starting()
            for task in running:
                task.cancel()
    finally:
        scheduler.stop_starting()
        await executor.close()
        supervisor.stop()


def _device_changed(device: Device, scheduler: Scheduler, events: EventBroker) -> None:
    scheduler.notify()
    events.tell([Change(EventKind.DEVICE, serial=device.serial, facts={"state": device.state.value})])


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the event loop, unless that has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _health(
    store: SqliteStore, supervisor: DeviceSupervisor, devices: PhoneDirectory, license_: License, packs: InForce
) -> Health:
    """Return how all is."""
    known = devices.all()
    locked = [device.serial for device in known if device.state is DeviceState.UNAUTHORIZED]
    problems = [problem for problem in (store.problem, supervisor.problem, license_.problem) if problem]
    if locked:
        named = f" ({', '.join(locked[:_NAMED])}{', …' if len(locked) > _NAMED else ''})"
        have = "1 phone has" if len(locked) == 1 else f"{len(locked)} phones have"
        problems.append(f"{have} not allowed this computer{named}: accept the dialog on the screen.")
    problems += [f"The script {one.name!r} cannot be used. {one.error}" for one in broken_scripts()]
    problems += [f"A screen pack is refused. {problem}." for problem in packs.problems]
    problems += [f"A setting does not hold. {problem}." for problem in packs.misnamed]
    ready = sum(device.is_ready for device in known)
    return Health(store.problem, tuple(problems), len(known), ready, len(locked))


def _http_options(settings: Settings) -> HttpOptions:
    return HttpOptions(
        always_200=settings.error_http_status == "always_200",
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        allowed_hosts=(settings.host, *settings.allowed_hosts),
        requests_per_s=settings.max_requests_per_s,
        port=settings.port,
    )


def _retention(settings: Settings, store: SqliteStore, traces: TraceFolder, clock: SystemClock) -> Retention:
    answers = IdempotencyKeyRetention(store, clock, round(settings.idempotency_keep_h * _HOUR_MS))
    keep_ms = round(settings.trace_keep_days * 24 * _HOUR_MS)
    old_traces = TraceRetention(store, traces, clock, keep_ms, settings.max_trace_bytes)
    return Retention({"answers_forgotten": answers.sweep, "traces_forgotten": old_traces.sweep})


def _server_info(settings: Settings) -> ServerInfo:
    return ServerInfo(
        data_dir=settings.data_dir,
        config_file=config_path() or own_config_path(),
        settings=tuple(
            EffectiveSetting(one.name, one.text, one.origin, Settings.model_fields[one.name].description or "")
            for one in effective_settings(settings)
        ),
        free_bytes=lambda: shutil.disk_usage(settings.data_dir).free,
    )


def _retries(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        enabled=settings.auto_retry,
        most_retries=settings.max_retry_count,
        least_delay_s=settings.retry_delay_min_s,
        most_delay_s=settings.retry_delay_max_s,
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        zone=settings.zone,
        refuse_unknown=settings.unknown_options == "refuse",
        late_after_ms=round(settings.late_after_min * _MINUTE_MS),
        late_policy=LatePolicy(settings.late_policy),
    )


def _evening(settings: Settings) -> time | None:
    return parse_hhmm(settings.look_ahead_at) if settings.look_ahead_at else None


def _script_settings(settings: Settings) -> ScriptSettings:
    return ScriptSettings(
        folders=settings.folders,
        accept_music_rights=settings.accept_music_rights,
        unknown_screen_patience_s=settings.unknown_screen_patience_s,
        editor_dwell_s=settings.editor_dwell_s,
        upload_patience_s=settings.upload_patience_s,
        grid_patience_s=settings.grid_patience_s,
    )
