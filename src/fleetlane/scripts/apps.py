"""The apps on a phone: which of them are there, and opening one."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone

_LONGEST_START_S = 120.0
_START_POLL_S = 1.0
_PERMISSIONS = ("CAMERA", "RECORD_AUDIO")
_OWN_MEDIA_SDK = 33  # Android 13 asks for videos and images apart
_MEDIA_PERMISSIONS = ("READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES")


def app_pack(platform: str) -> Pack | None:
    """Return the pack of an app, None when there is none in force any more."""
    return next((pack for pack in load_packs() if pack.app == platform), None)


def wait_until_started(phone: Phone, packages: Sequence[str] = ()) -> list[str]:
    """Wait until Android says that it has started: adb has a phone that restarts well before that.

    Returns those of some packages that are installed.

    Raises:
        TaskFailedError: `first_unlock`; until somebody unlocks it after its start, nothing can be opened on it.
    """
    until_s = phone.clock.monotonic_s() + _LONGEST_START_S
    while True:
        properties, installed = phone.properties(packages)
        if properties.get("sys.boot_completed") == "1" or phone.clock.monotonic_s() >= until_s:
            break
        phone.control.pause(_START_POLL_S)
    if properties.get(f"sys.user.{phone.facts().user}.ce_available") == "false":
        raise TaskFailedError("first_unlock")
    return installed


def installed_apps(phone: Phone, platform: str | None) -> list[tuple[Pack, str]]:
    """Return the apps that are installed, and the package of each; TikTok first.

    Args:
        phone: where to look.
        platform: only this one; None for all.

    Raises:
        TaskFailedError: `app_not_installed`; there is none.
    """
    packs = [pack for pack in load_packs() if pack.packages and platform in (None, pack.app)]
    if not packs:
        raise TaskFailedError("app_not_installed", f"No screen pack is in force for {platform}.")
    present = wait_until_started(phone, [package for pack in packs for package in pack.packages])
    found = [(pack, own[0]) for pack in packs if (own := [name for name in pack.packages if name in present])]
    if not found:
        raise TaskFailedError("app_not_installed", f"{' or '.join(pack.label for pack in packs)} was not found.")
    return found


def needed_permissions(sdk: int) -> list[str]:
    """Return the permissions that an app needs for its owner's media, by Android's API level."""
    media = _MEDIA_PERMISSIONS if sdk >= _OWN_MEDIA_SDK else ("READ_EXTERNAL_STORAGE",)
    return [f"android.permission.{name}" for name in (*media, *_PERMISSIONS)]


def open_app(phone: Phone, package: str) -> None:
    """Start an app anew, with the permissions it needs for its owner's media."""
    # Not every phone allows it; then the app asks, and the pack answers.
    phone.grant(package, needed_permissions(phone.facts().sdk))
    restart_app(phone, package)


def restart_app(phone: Phone, package: str) -> None:
    """End an app and start it again: a share activity left open from before would confuse the next start.

    Android's word of a former crash is closed: what it says from then on is about this start.
    """
    phone.press("wakeup")
    screen = phone.look()
    if screen.name == "app_crashed" and screen.seen.rule is not None:
        action = screen.seen.rule.action_for("start")
        button = screen.find(action.element) if action is not None and action.element is not None else None
        if button is not None:
            phone.tap(button)
    phone.start_app(package, anew=True)
