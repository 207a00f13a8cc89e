"""What a simulated app holds: who is signed in, its session, its screens, and what its model's expressions see.

What a model's actions do is not here: that is left to `AppState.run`, which `simulator.apps.app` has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from fleetlane.simulator.android.media_store import MediaRow
from fleetlane.simulator.apps.accounts import Account
from fleetlane.simulator.apps.host import AppHost
from fleetlane.simulator.apps.text_fields import Fields, suggestions
from fleetlane.simulator.apps.uploads import Upload
from fleetlane.simulator.likeness.spans import Span
from fleetlane.simulator.models.compiled_model import Action, AppModel, Constant, PackageFacts
from fleetlane.simulator.models.expressions import Values


@dataclass(slots=True)
class AppFaults:
    """What goes wrong in an app, set by tests and fault files."""

    upload: str = ""
    """"fail" or "stuck" for the next upload."""
    ignored_taps: dict[str, int] = field(default_factory=dict[str, int])
    """How many taps on nodes of an id role are dropped."""
    popups: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(screen, popup): when the screen appears next, the popup comes over it. "*" is any screen."""
    eat_text: bool = False
    """Suggestions garble the next typed text."""


class AppState(ABC):
    """One installed app on one phone, as it stands. `simulator.apps.app.App` is a whole one."""

    def __init__(self, model: AppModel, package: PackageFacts, phone: AppHost, build: str = "") -> None:
        self.model = model
        self.package = package
        self.phone = phone
        self.build = build or package.build
        self.accounts: list[Account] = []
        self.current = 0
        self.logged_in = True
        self.data: dict[str, Any] = dict(model.data)
        self.faults = AppFaults()
        self.running = False
        self.stack: list[str] = []
        self.session: dict[str, Any] = {}
        self.fields = Fields()
        self.focused: str | None = None
        self.selected: list[MediaRow] = []
        self.upload: Upload | None = None
        self.toast = ""
        self.generation = 0
        """Which of its sessions this is: each start, share and link begins a new one."""
        self.process = 0
        self._moving = False
        self._shown_at_s = 0.0
        self._interactive_at_s = 0.0

    @abstractmethod
    def run(self, actions: Sequence[Action], scope: dict[str, Any] | None = None) -> None:
        """Run actions of the model in turn. `scope` holds the values of the node that was tapped."""

    # -- what expressions see ------------------------------------------------------------------

    @property
    def account(self) -> Account | None:
        """Return the account in use, None when nobody is signed in."""
        return self.accounts[self.current] if self.logged_in and self.accounts else None

    @property
    def screen(self) -> str:
        """Return the name of the top screen, "" when the app does not run."""
        return self.stack[-1] if self.stack else ""

    def context(self) -> Values:
        """Return the values expressions are evaluated with."""
        now = self.phone.now_s()
        values = Values(
            {
                **self.data,
                **self.session,
                "t": self._string,
                "now": now,
                "app_label": self.model.label,
                "package": self.package.name,
                "screen": self.screen,
                "stack": self.stack,
                "account": self.account,
                "accounts": self.accounts,
                "logged_in": self.logged_in,
                "fields": self.fields,
                "focused": self.focused,
                "keyboard": self.phone.keyboard_visible,
                "selected": self.selected,
                "gallery": self._gallery(self.session.get("album")),
                "albums": list(dict.fromkeys(row.album for row in self._gallery())),
                "upload": self.upload,
                "percent": self.upload.percent(now) if self.upload else 0,
                "toast": self.toast,
                "suggestions": self._suggestions(),
                "android": self.phone.android,
                "language": self.phone.language,
                "running": self.phone.running,
                "loading": now < self._interactive_at_s,
            }
        )
        values["values"] = values
        return values

    def _string(self, name: str) -> str:
        text = self.model.string(name, self.phone.language)
        return text.text if isinstance(text, Constant) else text(self.phone.string_context(self))

    def _gallery(self, album: str | None = None) -> list[MediaRow]:
        if not self.phone.permissions.may_read_media(self.package.name):
            return []
        rows = self.phone.media.in_gallery(self.phone.traits.gallery_order)
        return [row for row in rows if album in (None, "", row.album)]

    def _suggestions(self) -> list[str]:
        typing = self.focused and self.phone.keyboard_visible
        return suggestions(self.fields[self.focused]) if typing and self.focused else []

    # -- time ----------------------------------------------------------------------------------

    def timing(self, name: str) -> float:
        """Return a delay of the model in seconds, as this phone is set."""
        given = self._given(name)
        if given:
            return self.phone.draws.seconds(name, given)
        return self.model.timings.get(name, 0.0) * self.phone.app_delay_factor

    def _given(self, name: str) -> Span | None:
        """Return the span that the phone's traits give a delay, whatever the model says."""
        traits = self.phone.traits
        match name:
            case "launch":
                return traits.launch_s
            case "dwell":
                return traits.editor_dwell_s
            case "upload":
                return traits.upload_s
            case "grid":
                return traits.grid_s
            case _:
                return None

    def later(
        self, seconds: float, call: Callable[[], None], *, counts: bool = True, outlives_session: bool = False
    ) -> None:
        """Call something after `seconds`, unless the session, or at least the process, ended before."""
        generation, process = self.generation, self.process

        def run() -> None:
            if self.generation == generation or (outlives_session and self.process == process):
                call()
                self.phone.touch()

        self.phone.delay(seconds, run, counts=counts)

    # -- the session ---------------------------------------------------------------------------

    def reset_session(self) -> None:
        """Begin a new session, with nothing on the screen."""
        self.generation += 1
        self.stack = []
        self.session = {k: _copy(v) for k, v in self.model.session.items()}
        self.fields = Fields()
        self.focused = None
        self.selected = []
        self.toast = ""
        self._moving = False

    def kill(self) -> None:
        """End the process. An upload that is not done is lost."""
        if not self.running:
            return
        self.run(self.model.on_kill)
        self.running = False
        self.upload = None
        self.process += 1
        self.reset_session()
        self.phone.app_left(self)
        self.phone.touch()

    def wipe(self) -> None:
        """Forget everything, as after the first installation."""
        self.data = dict(self.model.data)
        self.accounts, self.current, self.logged_in = [], 0, False

    def finish(self) -> None:
        """Leave the app for the launcher."""
        self.phone.app_left(self)

    def focus(self, name: str) -> None:
        """Put the cursor into an input field."""
        self.focused = name
        self.phone.show_keyboard()

    def blur(self) -> None:
        """Take the cursor out of the field, and the keyboard away."""
        self.focused = None
        self.phone.hide_keyboard()

    def switch_account(self, handle: str) -> None:
        """Use another of the accounts that are signed in."""
        for index, account in enumerate(self.accounts):
            if account.handle == handle:
                self.current = index
                account.shown = list(account.posts)

    def log_out(self) -> None:
        """Sign the account out; the next start shows the login page."""
        self.logged_in = False

    def refresh_profile(self) -> None:
        """Bring the grid up to date, unless a post is too fresh to show yet."""
        account = self.account
        if account is None:
            return
        now = self.phone.now_s()
        account.shown = [post for post in account.posts if now - post.posted_at_s >= post.shown_after_s]

    def show_toast(self, name: str) -> None:
        """Show a message for a while, by the name of its string."""

        def clear() -> None:
            self.toast = ""

        self.toast = name
        self.later(self.timing("toast"), clear, counts=False)


def _copy(value: Any) -> Any:
    return list(cast("list[Any]", value)) if isinstance(value, list) else value
