"""Input, UI trees and pictures: one harmless key both ways, and what looks cost.

The key is the one that wakes a screen: on one that is on it does nothing, and Android lets it through, or not, as it
does a tap.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from statistics import median

from PIL import Image, UnidentifiedImageError

from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.core.checkup import NOTHING, Grade, Row, plain, said
from fleetlane.core.errors import CallLostError, DriverBrokenError
from fleetlane.core.screens.screen import Tree, parse_tree

WAKEUP, SLEEP = "224", "223"
_JAR = "/data/local/tmp/u2.jar"
_LOOKS = 5
_SLOW_MS = 2000
_START_TRIES, _START_PAUSE_S = 3, 1.0
_TAKEN = "already registered"
_WIDTH = 360


def is_on(visit: Visit) -> bool:
    """Return whether the screen is on."""
    return "mWakefulness=Awake" in visit.driver.shell("dumpsys", "power")


def _input_shell(visit: Visit) -> Iterator[Row]:
    _before_keys(visit)
    start_s = visit.clock.monotonic_s()
    _send_key(visit, WAKEUP)
    ms = visit.ms_since(start_s)
    yield Row("input_shell", Grade.OK, plain(f"{ms} ms"), said("The phone takes keys and taps."), {"ms": ms})


def _put_off(visit: Visit) -> None:
    if is_on(visit):
        _send_key(visit, SLEEP)


def _before_keys(visit: Visit) -> None:
    """See to it that a screen which was off will be off again.

    Raises:
        DeviceError: the phone does not say whether it was; no key is sent then.
    """
    if visit.was_on is None:
        visit.was_on = is_on(visit)
        if not visit.was_on:
            visit.later("screen", lambda: _put_off(visit))


def _send_key(visit: Visit, key: str) -> None:
    visit.driver.shell("input", "keyevent", key)


def _automation(visit: Visit) -> Iterator[Row]:
    """Start the automation server, as every task does; its program is removed again when it was not there."""
    [listed] = visit.driver.shell_each(("ls", _JAR))
    if listed.exit_code:
        visit.later("automation server", lambda: _remove_server(visit))
    start_s = visit.clock.monotonic_s()
    try:
        _first_answer(visit)
    except DriverBrokenError as error:
        if _TAKEN not in str(error):
            raise
        sentence = said(
            "Another tool holds the phone's UiAutomation, and only one can. End it (Appium, another uiautomator2, an "
            "app that automates), or restart the phone."
        )
        yield Row("automation", Grade.FAULT, NOTHING, sentence)
        return
    ms = visit.ms_since(start_s)
    yield Row("automation", Grade.OK, plain(f"{ms} ms"), said("It runs on the phone."), {"ms": ms})


def _remove_server(visit: Visit) -> None:
    visit.driver.renew()
    visit.driver.shell("rm", "-f", _JAR)


def _first_answer(visit: Visit) -> None:
    """Let it answer anything: whether it gives UI trees is a check of its own.

    Raises:
        DeviceError: it answers nothing.
    """
    for _ in range(_START_TRIES):
        try:
            visit.driver.tree()
        except (DriverBrokenError, CallLostError) as error:
            if _TAKEN in str(error):
                raise
            visit.wait(_START_PAUSE_S)
        else:
            return
    visit.driver.clipboard()


def _input_automation(visit: Visit) -> Iterator[Row]:
    _before_keys(visit)
    start_s = visit.clock.monotonic_s()
    visit.driver.press("wakeup")
    ms = visit.ms_since(start_s)
    yield Row("input_automation", Grade.OK, plain(f"{ms} ms"), said("The phone takes keys and taps."), {"ms": ms})


def _dumps(visit: Visit) -> Iterator[Row]:
    times_ms: list[int] = []
    trees: list[Tree] = []
    for _ in range(_LOOKS):
        start_s = visit.clock.monotonic_s()
        tree = look(visit)
        if tree is not None:
            trees.append(tree)
            times_ms.append(visit.ms_since(start_s))
    if not trees:
        sentence = said(
            "Not one of %(n)s UI trees could be read. End other tools that automate this phone, restart it, and run "
            "this again.",
            n=_LOOKS,
        )
        yield Row("dumps", Grade.FAULT, plain(f"0 / {_LOOKS}"), sentence, {"failed": _LOOKS})
        return
    yield _judged(times_ms, trees[-1], _LOOKS - len(trees))


def look(visit: Visit) -> Tree | None:
    """Read a UI tree, and keep it; None when it failed or was empty."""
    try:
        tree = parse_tree(visit.driver.tree(), visit.driver.facts().size)
    except (DriverBrokenError, CallLostError, ValueError):
        return None
    if not tree.nodes:
        return None
    visit.tree = tree
    return tree


def _judged(times_ms: list[int], tree: Tree, failed: int) -> Row:
    windows = sum(node.parent is None for node in tree.nodes)
    middle_ms = round(median(times_ms))
    measured = {"ms": times_ms, "nodes": len(tree.nodes), "windows": windows, "failed": failed}
    value = said(
        "%(ms)s ms, %(nodes)s nodes, %(windows)s windows", ms=middle_ms, nodes=len(tree.nodes), windows=windows
    )
    if failed:
        sentence = said(
            "%(failed)s of %(n)s UI trees failed or were empty. Tasks look again for 15 s; they take longer.",
            failed=failed,
            n=_LOOKS,
        )
        return Row("dumps", Grade.WARNING, value, sentence, measured)
    if middle_ms > _SLOW_MS:
        sentence = said(
            "UI trees are slow here: a task looks 40 to 45 times. Raise the setting task_timeout_s; restarting the "
            "phone, or fewer apps, may help."
        )
        return Row("dumps", Grade.WARNING, value, sentence, measured)
    return Row("dumps", Grade.OK, value, said("UI trees can be read."), measured)


def _picture(visit: Visit) -> Iterator[Row]:
    start_s = visit.clock.monotonic_s()
    jpeg = visit.driver.screenshot(_WIDTH)
    measured = {"ms": visit.ms_since(start_s), "bytes": len(jpeg)}
    value = plain(f"{measured['ms']} ms, {len(jpeg) / 1000:.0f} kB")
    if _is_plain(jpeg):
        sentence = said("It is of one colour: a page that forbids pictures shows, or the screen is off.")
        yield Row("picture", Grade.WARNING, value, sentence, measured)
        return
    yield Row("picture", Grade.OK, value, said("Pictures can be taken."), measured)


def _is_plain(jpeg: bytes) -> bool:
    """Return whether a picture shows nothing, or is none."""
    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            low, high = picture.convert("L").getextrema()
    except (UnidentifiedImageError, OSError):
        return True
    return low == high


ROUNDS = (
    Round(("input_shell",), _input_shell),
    Round(("automation",), _automation),
    Round(("input_automation",), _input_automation, ("automation",)),
    Round(("dumps",), _dumps, ("automation",)),
    Round(("picture",), _picture, ("automation",)),
)
