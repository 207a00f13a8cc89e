"""How a server is, in sentences: what keeps it from its work, and what its owner should see to."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.adapters.android.supervisor import DeviceSupervisor
from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.core.device import DeviceState
from fleetlane.core.license import License
from fleetlane.core.ports.phone import Devices
from fleetlane.scripts.packs import InForce
from fleetlane.scripts.registry import broken_scripts
from fleetlane.work.services import Health

_NAMED = 5


def health(
    store: SqlStore,
    supervisor: DeviceSupervisor,
    devices: Devices,
    license_: License,
    packs: InForce,
    *,
    silent: Sequence[str] = (),
) -> Health:
    """Return how all is. `silent` are the names of hosts that do not live."""
    known = devices.all()
    locked = [device.serial for device in known if device.state is DeviceState.UNAUTHORIZED]
    problems = [problem for problem in (store.problem, supervisor.problem, license_.problem) if problem]
    if locked:
        named = f" ({', '.join(locked[:_NAMED])}{', …' if len(locked) > _NAMED else ''})"
        have = "1 phone has" if len(locked) == 1 else f"{len(locked)} phones have"
        problems.append(f"{have} not allowed this computer{named}: accept the dialog on the screen.")
    problems += [
        f"Host {name} does not answer. Start it again, or, when it is not to come back: fleetlane hosts forget {name}"
        for name in silent
    ]
    problems += [f"The script {one.name!r} cannot be used. {one.error}" for one in broken_scripts()]
    problems += [f"A screen pack is refused. {problem}." for problem in packs.problems]
    problems += [f"A setting does not hold. {problem}." for problem in packs.misnamed]
    ready = sum(device.is_ready for device in known)
    return Health(store.problem, tuple(problems), len(known), ready, len(locked))
