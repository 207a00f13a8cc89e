"""Builds what runs attempts on phones, from the threads of the phones up to the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.bootstrap.from_settings import longest_attempt_s, retry_policy, script_settings
from fleetlane.bootstrap.ground import Ground
from fleetlane.core.phones import ALONE
from fleetlane.core.ports.execution import DeviceControl
from fleetlane.core.ports.hosts import HostLinks
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.report import TraceWriter
from fleetlane.core.ports.sources import MediaAccess
from fleetlane.settings import Settings
from fleetlane.work.phones.live_pictures import LivePictures
from fleetlane.work.phones.local_control import LocalControl
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.phones.remote_control import RoutedControl
from fleetlane.work.phones.shared_take_overs import SharedTakeOvers
from fleetlane.work.running.attempt_ends import AttemptEnds
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.membership import Membership
from fleetlane.work.running.other_workers import OtherWorkers
from fleetlane.work.running.runner import Runner
from fleetlane.work.running.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files of attempts come from and go to."""

    traces: TraceWriter
    media: MediaAccess
    inspector: MediaInspector


@dataclass(frozen=True, slots=True)
class Execution:
    """What runs attempts, and what else uses the phones.

    `canary` is None where nobody waits for one, `others` where nobody else works on the store.
    """

    control: DeviceControl
    manual_control: ManualControl
    pictures: LivePictures
    verification: VerificationTimeout
    leases: DeviceLeases
    canary: Canary | None
    executor: LocalExecutor
    scheduler: Scheduler
    others: OtherWorkers | None


def build_execution(
    settings: Settings,
    on: Ground,
    files: Files,
    device_limit: Callable[[], int | None] | None = None,
    links: HostLinks | None = None,
) -> Execution:
    """Return what runs attempts on the phones of a server or host.

    Args:
        settings: of the server or host.
        on: what it stands on.
        files: of the attempts.
        device_limit: how many phones may work at the same time; as the servers have noted it unless given.
        links: the ways to the phones of other hosts; without them only those that are here are reached.
    """
    store, clock, lanes, devices = on.store, on.clock, on.lanes, on.devices
    canary = Canary(store, clock, lanes) if settings.canary else None
    leases = DeviceLeases(
        store,
        clock,
        devices.here,
        lanes,
        host_id=on.host.id if on.host else ALONE,
        host=Membership(on.host, clock) if on.host else None,
        repeats=on.repeats,
        presses=on.presses,
    )
    others = OtherWorkers(store, lanes, clock, leases, host_name=on.host.name, heard=devices.heard) if on.host else None
    threads = PhoneThreads(devices)
    local = LocalControl(threads, devices, lambda driver: check(driver, clock))
    control = RoutedControl(local, devices.host_of, links) if links else local
    pictures = LivePictures(lanes, devices, control, clock, settings.picture_interval_s)
    runner = Runner(
        store,
        files.traces,
        files.media,
        clock,
        settings=script_settings(settings),
        timeout_s=settings.task_timeout_s,
        leases=leases,
        inspector=files.inspector,
        presses=on.presses,
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
        limit=device_limit or (lambda: others.device_limit if others else None),
        leases=leases,
        longest_attempt_s=longest_attempt_s(settings),
        canary=canary,
        others=others,
        presses=on.presses,
    )
    manual_control = ManualControl(
        lanes,
        devices,
        control,
        clock,
        idle_s=settings.take_over_idle_s,
        tell=on.events.tell,
        shared=SharedTakeOvers(store, leases.owner) if on.host else None,
    )
    return Execution(control, manual_control, pictures, verification, leases, canary, executor, scheduler, others)
