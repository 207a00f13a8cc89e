"""What `dumpsys` tells of windows, the keyboard, input and processes; and the processes themselves."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.interpreter import UnsupportedArgumentsError
from fleetlane.simulator.shell.mksh.result import Result

_FIRST_PID, _FIRST_UID = 3000, 200


def processes(phone: SimPhone) -> list[tuple[int, str, str]]:
    """Return (pid, user, package) of each app that runs."""
    return [
        (_FIRST_PID + index, f"u0_a{_FIRST_UID + index}", name)
        for index, (name, app) in enumerate(phone.apps.items())
        if app.running
    ]


def window(phone: SimPhone, *, whole: bool) -> str:
    """Return the lines about what has the focus, and in the `whole` dump those about the screen and its lock."""
    app = phone.foreground
    focused = f"{app.package.name}/{app.model.activities.get('main', '.MainActivity')}"
    lines = [
        f"  mCurrentFocus=Window{{41b37570 u0 {phone.focused_activity}}}",
        f"  mFocusedApp=ActivityRecord{{42dee38 u0 {focused} t14}}",
    ]
    if whole:
        shows, on = str(phone.locked).lower(), phone.screen_on
        lines += [
            "    KeyguardStateMonitor",
            f"      mIsShowing={shows}",
            f"      mInputRestricted={shows}",
            f"    mScreenOnFully={str(on).lower()}",
            f"    screenState=SCREEN_STATE_{'ON' if on else 'OFF'}",
        ]
    return "\n".join(lines)


def other(phone: SimPhone, args: Sequence[str]) -> Result:
    """Return a dump that drivers ask for now and then."""
    match list(args):
        case ["input_method"]:
            shown = str(phone.keyboard_visible).lower()
            current = phone.settings.get(("secure", "default_input_method"), "")
            return Result.text(f"  mCurMethodId={current}\n  mInputShown={shown}\n  mIsInputViewShown={shown}")
        case ["input"]:
            return Result.text(f"  SurfaceOrientation: {phone.rotation}")
        case ["activity", "processes"]:
            return Result.text(
                "\n".join(
                    f"  *APP* UID {user} ProcessRecord{{1f2e{pid} {pid}:{name}/{user.replace('_', '')}}}"
                    for pid, user, name in processes(phone)
                )
            )
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
