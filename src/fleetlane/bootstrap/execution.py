"""Builds what runs attempts on phones, from the threads of the phones up to the scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.bootstrap.from_settings import longest_attempt_s, retry_policy, script_settings
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import DeviceControl
from fleetlane.core.ports.library import MaterialFiles
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.report import TraceWriter
from fleetlane.core.ports.sources import MediaAccess
from fleetlane.core.ports.store import Store
from fleetlane.settings import Settings
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.phones.live_pictures import LivePictures
from fleetlane.work.phones.local_control import LocalControl
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.attempt_ends import AttemptEnds
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.runner import Runner
from fleetlane.work.running.scheduler import Scheduler
from fleetlane.work.upkeep.event_broker import EventBroker
from fleetlane.work.upkeep.licensing import Licensing

_ONLY_HOST = "embedded"
"""The host of a server that has its store to itself, as all have."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What all else stands on: the clock, the store, the files, the phones and the lanes."""

    clock: Clock
    store: Store
    traces: TraceWriter
    media: MediaAccess
    inspector: MediaInspector
    events: EventBroker
    lanes: Lanes
    repeats: RepeatWindow
    devices: PhoneDirectory
    licensing: Licensing


@dataclass(frozen=True, slots=True)
class Execution:
    """What runs attempts, and what else uses the phones. `canary` is None where nobody waits for one."""

    control: DeviceControl
    manual_control: ManualControl
    pictures: LivePictures
    verification: VerificationTimeout
    leases: DeviceLeases
    canary: Canary | None
    executor: LocalExecutor
    scheduler: Scheduler


def build_execution(settings: Settings, on: Foundation) -> Execution:
    """Return what runs attempts on the phones of a server."""
    store, clock, lanes, devices = on.store, on.clock, on.lanes, on.devices
    canary = Canary(store, clock, lanes) if settings.canary else None
    leases = DeviceLeases(
        store,
        clock,
        lambda: {device.serial for device in devices.all()},
        lanes,
        host_id=_ONLY_HOST,
        repeats=on.repeats,
    )
    threads = PhoneThreads(devices)
    control = LocalControl(threads, devices, lambda driver: check(driver, clock))
    pictures = LivePictures(lanes, devices, control, clock, settings.picture_interval_s)
    runner = Runner(
        store,
        on.traces,
        on.media,
        clock,
        settings=script_settings(settings),
        timeout_s=settings.task_timeout_s,
        leases=leases,
        inspector=on.inspector,
        keep_picture=pictures.keep,
    )
    verification = VerificationTimeout(store, lanes, clock, settings.verify_wait_s)
    ends = AttemptEnds(
        store,
        devices,
        clock,
        lanes,
        retries=retry_policy(settings),
        repeats=on.repeats,
        canary=canary,
        may_look_again=verification.may_look_again,
    )
    executor = LocalExecutor(threads, runner, ends.ended)
    scheduler = Scheduler(
        store,
        devices,
        clock,
        lanes,
        executor,
        ends=ends,
        limit=lambda: on.licensing.now().device_limit,
        leases=leases,
        longest_attempt_s=longest_attempt_s(settings),
        canary=canary,
    )
    manual_control = ManualControl(
        lanes, devices, control, clock, idle_s=settings.take_over_idle_s, tell=on.events.tell
    )
    return Execution(control, manual_control, pictures, verification, leases, canary, executor, scheduler)
