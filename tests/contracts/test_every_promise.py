"""No method of a port without a test here that calls it: a promise that nobody holds is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleetlane.core.ports.attempts import Attempts
from fleetlane.core.ports.execution import DeviceCalls, DeviceControl, Executor
from fleetlane.core.ports.hosts import HostAnswers, HostLinks
from fleetlane.core.ports.leases import Leases
from fleetlane.core.ports.library import Accounts, MaterialFiles, MaterialReader, Materials
from fleetlane.core.ports.phone import Devices, Driver, Transports
from fleetlane.core.ports.records import DeviceRecords, HostRecords, IdempotencyKeys, KeyValues, TakeOvers
from fleetlane.core.ports.report import TraceFiles, TraceWriter
from fleetlane.core.ports.sources import MediaAccess, MediaFiles
from fleetlane.core.ports.store import Store
from fleetlane.core.ports.tasks import Tasks

HELD = {
    Store: "store",
    Tasks: "store_task",
    Attempts: "store_attempts",
    Accounts: "store_accounts",
    Materials: "store_materials",
    DeviceRecords: ("store_devices", "store_hosts"),
    HostRecords: "store_hosts",
    TakeOvers: "store_hosts",
    IdempotencyKeys: "store_records",
    KeyValues: "store_records",
    Leases: ("store_records", "store_hosts"),
    Executor: "executor",
    DeviceCalls: "device_calls",
    DeviceControl: "device_control",
    HostLinks: "host_links",
    HostAnswers: "host_answers",
    TraceWriter: "trace_files",
    TraceFiles: "trace_files",
    MaterialReader: "material_files",
    MaterialFiles: "material_files",
    MediaFiles: "media_files",
    MediaAccess: "media_files",
    Driver: "driver",
    Devices: "devices",
    Transports: "transports",
}


@pytest.mark.parametrize(("port", "suite"), HELD.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_method_of_a_port_is_called_by_its_suite(port, suite):
    suites = (suite,) if isinstance(suite, str) else suite
    files = [path for one in suites for path in Path(__file__).parent.glob(f"test_{one}*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    promised = {name for name in vars(port) if not name.startswith("_")}
    assert promised
    assert {name for name in promised if not re.search(rf"\.{name}\b", text)} == set()
