"""What the phone says of itself, read by shell commands that change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fleetlane.adapters.android import answers
from fleetlane.adapters.android.checkup.hands import is_on
from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.adapters.android.vendor import ends_background_work, known_switch
from fleetlane.core.checkup import NOTHING, Grade, Row, plain, said
from fleetlane.core.errors import ShellFailedError
from fleetlane.core.message import Message

_USER = re.compile(r"UserInfo\{(\d+):([^:}]*)")
_SHOWS, _SECURE = re.compile(r"\bshowing=(true|false)"), re.compile(r"\bsecure=(true|false)")
_LEVEL = re.compile(r"^[ \t]*level: (\d{1,3})\b", re.MULTILINE)
_TENTHS = re.compile(r"^[ \t]*temperature: (-?\d{1,5})\b", re.MULTILINE)
_MIB, _GIB = 1 << 20, 1 << 30
_SHORT_TIMEOUT_S = 60.0
_LEAST_PERCENT, _HOT_DEG_C = 20, 45.0
_SKEW_S = 30.0
_LEFT_KEYBOARD = "com.github.uiautomator/"


def _phone(visit: Visit) -> Iterator[Row]:
    facts, (properties, _) = visit.driver.facts(), visit.driver.properties()
    brand = properties.get("ro.product.brand", "")
    measured = {"brand": brand, "model": facts.model, "android": facts.android, "sdk": facts.sdk, "size": facts.size}
    value = plain(f"{brand} {facts.model}, Android {facts.android}, {facts.size[0]} × {facts.size[1]}")
    yield Row("phone", Grade.OK, value, NOTHING, measured)


def _started(visit: Visit) -> Iterator[Row]:
    properties, _ = visit.driver.properties()
    opened = properties.get(f"sys.user.{visit.driver.facts().user}.ce_available") != "false"
    booted = properties.get("sys.boot_completed") == "1"
    measured = {"boot_completed": booted, "unlocked_once": opened}
    if not booted:
        sentence = said("Android has not started yet. Run this again in a minute.")
        yield Row("started", Grade.FAULT, NOTHING, sentence, measured)
    elif not opened:
        sentence = said("It was restarted and not unlocked since: no app starts on it. Unlock it once.")
        yield Row("started", Grade.FAULT, NOTHING, sentence, measured)
    else:
        yield Row("started", Grade.OK, NOTHING, said("Apps can start, and its storage is open."), measured)


def _users(visit: Visit) -> Iterator[Row]:
    user = visit.driver.facts().user
    found = {int(number): name for number, name in _USER.findall(visit.driver.shell("pm", "list", "users"))}
    others = [f"{number} ({name})" for number, name in found.items() if number != user]
    measured = {"current": user, "others": others}
    if not others:
        yield Row("users", Grade.OK, plain(user), said("There is one user."), measured)
        return
    sentence = said(
        "There are other users beside user %(user)s: %(others)s. Fleetlane works for the one in front only. Apps and "
        "accounts in a Secure Folder or a work profile are not used: install the app for user %(user)s.",
        user=user,
        others=", ".join(others),
    )
    yield Row("users", Grade.WARNING, plain(user), sentence, measured)


def _screen(visit: Visit) -> Iterator[Row]:
    on = is_on(visit)
    sentence = said("The screen is on.") if on else said("The screen is off: it is put on for the checkup.")
    yield Row("screen", Grade.OK, NOTHING, sentence, {"on": on})


def _keyguard(visit: Visit) -> Iterator[Row]:
    output = visit.driver.shell("dumpsys", "window", "policy")
    shows, secure = (_said_true(pattern, output) for pattern in (_SHOWS, _SECURE))
    grade, sentence = _lock(shows=shows, secure=secure)
    yield Row("keyguard", grade, NOTHING, sentence, {"showing": shows, "secure": secure})


def _lock(*, shows: bool | None, secure: bool | None) -> tuple[Grade, Message]:
    match shows, secure:
        case None, None:
            return Grade.NOT_TRIED, said("This Android does not tell whether it has a lock screen.")
        case True, True:
            return Grade.FAULT, said(
                "It is locked, and wants a PIN, a pattern or a password. Unlock it, then remove the screen lock: "
                "Settings > Security > Screen lock > None or Swipe."
            )
        case _, True:
            return Grade.WARNING, said(
                "It is open now, but locked with a PIN, a pattern or a password once its screen goes off. Remove the "
                "screen lock: Settings > Security > Screen lock > None or Swipe."
            )
        case True, _:
            return Grade.OK, said("A lock screen shows that a swipe opens. Tasks do that.")
        case _:
            return Grade.OK, said("No lock screen is in the way.")


def _said_true(pattern: re.Pattern[str], output: str) -> bool | None:
    found = pattern.search(output)
    return None if found is None else found[1] == "true"


def _screen_timeout(visit: Visit) -> Iterator[Row]:
    seconds = visit.driver.facts().screen_off_s
    measured = {"s": seconds}
    if seconds is None or seconds >= _SHORT_TIMEOUT_S:
        value = NOTHING if seconds is None else plain(f"{seconds:.0f} s")
        yield Row("screen_timeout", Grade.OK, value, said("The screen stays on long enough between touches."), measured)
        return
    sentence = said(
        "The screen goes off after %(s)s s without touches. Tasks keep it on while they run; to be safe set Settings > "
        "Display > Screen timeout to its longest.",
        s=f"{seconds:.0f}",
    )
    yield Row("screen_timeout", Grade.WARNING, plain(f"{seconds:.0f} s"), sentence, measured)


def _storage(visit: Visit) -> Iterator[Row]:
    free = answers.free_bytes(visit.driver.shell("df", "-k", "/data"))
    if free is None:
        yield Row("storage", Grade.NOT_TRIED, NOTHING, said("The phone does not say how much room is left."))
        return
    value, measured = plain(f"{free / _GIB:.2f} GiB"), {"free_bytes": free}
    if free < 200 * _MIB:
        yield Row("storage", Grade.FAULT, value, said("Hardly any room is left. Delete something on it."), measured)
    elif free < _GIB:
        sentence = said("Little room is left: a longer video may not fit. Delete something on it.")
        yield Row("storage", Grade.WARNING, value, sentence, measured)
    else:
        yield Row("storage", Grade.OK, value, said("There is room for media."), measured)


def _battery(visit: Visit) -> Iterator[Row]:
    output = visit.driver.shell("dumpsys", "battery")
    level, tenths = _LEVEL.search(output), _TENTHS.search(output)
    if level is None:
        yield Row("battery", Grade.NOT_TRIED, NOTHING, said("The phone does not say how full its battery is."))
        return
    percent, deg_c = int(level[1]), int(tenths[1]) / 10 if tenths else None
    measured = {"percent": percent, "deg_c": deg_c, "powered": "powered: true" in output}
    value = plain(f"{percent} %" + ("" if deg_c is None else f", {deg_c:.1f} °C"))
    if deg_c is not None and deg_c >= _HOT_DEG_C:
        yield Row("battery", Grade.WARNING, value, said("It is hot: let it cool, out of its case."), measured)
    elif percent < _LEAST_PERCENT:
        yield Row("battery", Grade.WARNING, value, said("It is nearly empty: plug it in."), measured)
    else:
        yield Row("battery", Grade.OK, value, said("It will last."), measured)


def _clock(visit: Visit) -> Iterator[Row]:
    before_ms = visit.clock.now_ms()
    phone_s = visit.driver.shell("date", "+%s").strip()
    middle_s = (before_ms + visit.clock.now_ms()) / 2000
    if not phone_s.isdigit():
        yield Row("clock", Grade.NOT_TRIED, NOTHING, said("The phone does not say what time it is."))
        return
    skew_s = round(int(phone_s) - middle_s)
    value, measured = plain(f"{skew_s:+d} s"), {"ahead_s": skew_s}
    if abs(skew_s) <= _SKEW_S:
        yield Row("clock", Grade.OK, value, said("Its clock and this computer's agree."), measured)
        return
    sentence = said(
        "Its clock and this computer's differ. Files are dated by the phone's own, so tasks are right all the same; "
        "apps may not be. Switch on Settings > Date and time > Set automatically."
    )
    yield Row("clock", Grade.WARNING, value, sentence, measured)


def _keyboards(visit: Visit) -> Iterator[Row]:
    listed = visit.driver.shell("ime", "list", "-s").split()
    current = visit.driver.shell("settings", "get", "secure", "default_input_method").strip()
    measured = {"current": current, "installed": listed}
    if current.startswith(_LEFT_KEYBOARD):
        sentence = said("The automation's own keyboard was left behind. Choose another: Settings > Keyboard.")
        yield Row("keyboards", Grade.WARNING, plain(current), sentence, measured)
    elif current not in listed:
        sentence = said("No keyboard that is switched on is chosen. Choose one: Settings > Keyboard.")
        yield Row("keyboards", Grade.WARNING, plain(current), sentence, measured)
    else:
        yield Row("keyboards", Grade.OK, plain(current), said("A keyboard is chosen."), measured)


def _vendor(visit: Visit) -> Iterator[Row]:
    properties, _ = visit.driver.properties()
    brand, switch = properties.get("ro.product.brand", ""), known_switch(properties)
    measured = {"brand": brand, "switch": switch, "ends_background_work": ends_background_work(properties)}
    if visit.failed("input_shell"):
        sentence = said("Taps need this first: %(switch)s.", switch=switch or "?")
        yield Row("vendor", Grade.NOT_TRIED, plain(brand), sentence, measured)
    elif ends_background_work(properties):
        sentence = said(
            "The battery manager of %(brand)s is known to end the automation server. It is started again when that "
            "happens; there is nothing to do.",
            brand=brand,
        )
        yield Row("vendor", Grade.WARNING, plain(brand), sentence, measured)
    elif switch:
        sentence = said("Phones of %(brand)s have a switch against taps; it lets them through now.", brand=brand)
        yield Row("vendor", Grade.OK, plain(brand), sentence, measured)
    else:
        yield Row("vendor", Grade.OK, plain(brand), said("Nothing special is known of this vendor."), measured)


def _if_told(make: Round) -> Round:
    """Return a round whose refused command is no fault: not every Android tells."""

    def told(visit: Visit) -> Iterator[Row]:
        try:
            yield from make.make(visit)
        except ShellFailedError as error:
            sentence = said("This Android does not tell: %(error)s", error=error)
            yield Row(make.names[0], Grade.NOT_TRIED, NOTHING, sentence)

    return Round(make.names, told, make.needs)


ROUNDS = (
    Round(("phone",), _phone),
    Round(("started",), _started),
    _if_told(Round(("users",), _users)),
    _if_told(Round(("screen",), _screen)),
    _if_told(Round(("keyguard",), _keyguard)),
    Round(("screen_timeout",), _screen_timeout),
    _if_told(Round(("storage",), _storage)),
    _if_told(Round(("battery",), _battery)),
    Round(("clock",), _clock),
    _if_told(Round(("keyboards",), _keyboards)),
)
VENDOR = Round(("vendor",), _vendor)
