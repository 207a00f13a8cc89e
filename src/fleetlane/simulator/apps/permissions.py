"""Permissions of a simulated phone's apps: what they hold, and the dialogs that ask for more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetlane.simulator.apps.app_state import AppState
from fleetlane.simulator.apps.host import InstalledApp


@dataclass(slots=True)
class Question:
    """A permission dialog that waits for an answer."""

    app: InstalledApp
    permission: str
    answered: Callable[[bool], None]


class Permissions:
    """Who may do what on one phone.

    Args:
        sdk: the phone's API level, which says how the permissions are called.
        system: shows the dialogs.
        touch: called when something on the screen has changed.
    """

    def __init__(self, sdk: int, system: AppState, touch: Callable[[], None]) -> None:
        self._sdk = sdk
        self._system = system
        self._touch = touch
        self.granted: dict[str, set[str]] = {}
        self.refused: dict[str, set[str]] = {}
        self.asking: list[Question] = []

    def names(self, permission: str) -> tuple[str, ...]:
        """Return Android's names for "media", "camera", "audio" or "notifications"; () when not needed."""
        match permission:
            case "media":
                new = ("READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES")
                names = new if self._sdk >= 33 else ("READ_EXTERNAL_STORAGE",)
            case "camera":
                names = ("CAMERA",)
            case "audio":
                names = ("RECORD_AUDIO",)
            case "notifications":
                names = ("POST_NOTIFICATIONS",) if self._sdk >= 33 else ()
            case _:
                raise KeyError(permission)
        return tuple(f"android.permission.{name}" for name in names)

    def is_granted(self, package: str, permission: str) -> bool:
        """Return whether an app holds a permission."""
        held = self.granted.get(package, set())
        return all(name in held for name in self.names(permission))

    def may_read_media(self, package: str) -> bool:
        """Return whether an app may read the media store."""
        return self.is_granted(package, "media")

    def ask(self, app: InstalledApp, permission: str, answered: Callable[[bool], None]) -> None:
        """Ask the user for a permission, as an app does; the answer may come at once."""
        if self.is_granted(app.package.name, permission):
            answered(True)
        elif permission in self.refused.get(app.package.name, set()):
            answered(False)
        else:
            self.asking.append(Question(app, permission, answered))
            self.show()

    def show(self) -> None:
        """Show the dialog of the first question, unless the system shows something else."""
        if self.asking and not self._system.stack:
            question = self.asking[0]
            self._system.session["permission"] = question.permission
            self._system.stack = [f"perm_{question.permission}"]
            self._touch()

    def answer(self, answer: str) -> None:
        """Answer the question on the screen: "allow", "once", "deny", or "close" for another dialog."""
        self._system.stack = []
        if answer == "close" or not self.asking:
            return
        question = self.asking.pop(0)
        package = question.app.package.name
        allowed = answer in ("allow", "once")
        if allowed:
            self.granted.setdefault(package, set()).update(self.names(question.permission))
        else:
            self.refused.setdefault(package, set()).add(question.permission)
        question.answered(allowed)

    def forget(self, app: InstalledApp) -> None:
        """Drop the questions of an app that ended."""
        self.asking = [question for question in self.asking if question.app is not app]
        if not self.asking and self._system.screen.startswith("perm_"):
            self._system.stack = []
