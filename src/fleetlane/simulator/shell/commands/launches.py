"""What Android tells of a start that was waited for, and of its features."""

from __future__ import annotations

import re

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.mksh.result import Result, encoded

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
    if began.exit_code:
        return began
    if re.search(rb"^Error", began.output, re.MULTILINE):
        return Result(began.output)
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
