"""What Android tells of launches: which activity the launcher starts, and how a start went that was waited for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleetlane.simulator.mksh.result import Result, encoded
from fleetlane.simulator.phone import SimPhone

_FEATURES = (
    "reqGlEsVersion=0x30002",
    "android.hardware.camera",
    "android.hardware.camera.front",
    "android.hardware.microphone",
    "android.hardware.screen.portrait",
    "android.hardware.touchscreen",
    "android.hardware.touchscreen.multitouch",
    "android.hardware.wifi",
    "android.software.app_widgets",
    "android.software.input_methods",
)


def waited(phone: SimPhone, began: Result) -> Result:
    """Return how `am start -W` ends: what was started, when it shows. It prints all of it on stdout."""
    if began.exit_code or re.search(rb"^Error", began.output, re.MULTILINE):
        return Result(began.output, b"", began.exit_code)
    app = phone.foreground
    state = "UNKNOWN (0)" if b"Warning:" in began.output else "COLD"
    lines = (
        f"Status: ok\nLaunchState: {state}\nActivity: {app.package.name}/"
        f"{app.model.activities.get('main', '.MainActivity')}\nTotalTime: 412\nWaitTime: 415\nComplete\n"
    )
    return Result(began.output + encoded(lines))


def features() -> Result:
    """Return what `pm list features` prints."""
    return Result.text("\n".join(f"feature:{name}" for name in _FEATURES))


def with_versions(phone: SimPhone, listed: Result) -> Result:
    """Return a list of packages with the version code of each, as `--show-versioncode` does."""
    lines = listed.stdout.decode().split()
    codes = {f"package:{name}": app.package.version_code for name, app in phone.apps.items()}
    return Result.text("\n".join(f"{line} versionCode:{codes.get(line, phone.sdk)}" for line in lines))


def resolved(phone: SimPhone, names: Sequence[str]) -> Result:
    """Return what `cmd package resolve-activity --brief PACKAGE` prints."""
    [name] = names
    app = phone.apps.get(name)
    if app is None:
        return Result.text("No activity found")
    component = f"{name}/{app.model.activities.get('main', '.MainActivity')}"
    return Result.text(f"priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n{component}")
