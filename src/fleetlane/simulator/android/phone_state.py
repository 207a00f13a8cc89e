"""What a simulated phone is and holds beside its apps: its time, files, settings, clipboard, and how its screen is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fleetlane.simulator.android.files import FileSystem
from fleetlane.simulator.android.media_store import MediaStore
from fleetlane.simulator.android.phone_facts import SDK_OF, PhoneFacts, SystemFaults
from fleetlane.simulator.android.timers import Clock, Timers
from fleetlane.simulator.likeness.spans import Draws


def _silent(_line: str) -> None:
    """Log nothing."""


class PhoneState(Timers):
    """One phone, as it stands. `simulator.phone.SimPhone` is a whole one. Its methods are for one thread."""

    def __init__(self, facts: PhoneFacts, clock: Clock, log: Callable[[str], None] | None = None) -> None:
        super().__init__(clock)
        self.facts = facts
        self.traits = facts.traits
        self.draws = Draws(facts.seed or facts.serial)
        self.log: Callable[[str], None] = log or _silent
        self.android = facts.android
        self.sdk = SDK_OF[facts.android]
        self.language = facts.language
        self.size = facts.size
        self.app_delay_factor = facts.app_delay_factor
        self.upload_s = facts.upload_s
        self.files = FileSystem(facts.storage_bytes)
        self.media = MediaStore(self.files)
        self.clipboard = ""
        self._card_until_s = 0.0
        self.app_started_at_s: float | None = None
        """When an app was started from nothing last."""
        self.keyboard_visible = False
        self.settings: dict[tuple[str, str], str] = {
            ("secure", "default_input_method"): "com.android.inputmethod.latin/.LatinIME"
        }
        self.started = True
        """Whether Android says that it has started."""
        self.screen_on = True
        self.locked = False
        self.rotation = 0
        self.battery_percent = 87
        self.faults = SystemFaults()
        self.version = 0
        self.files.sealed = self.locked = facts.traits.before_first_unlock

    def wall_s(self) -> float:
        """Return the seconds since the epoch by the phone's own clock."""
        return self.true_wall_s() + self.facts.clock_ahead_s

    def true_wall_s(self) -> float:
        """Return the seconds since the epoch by this computer's clock."""
        return super().wall_s()

    def touch(self) -> None:
        """Note that something on the screen may have changed."""
        self.version += 1

    def change_traits(self, values: Mapping[str, Any]) -> None:
        """Change some of its traits from now on."""
        self.traits = replace(self.traits, **values)
        self.touch()

    @property
    def has_pin(self) -> bool:
        """Return whether the lock screen opens by a PIN only."""
        return self.facts.secure_lock or self.traits.pin or self.traits.before_first_unlock

    @property
    def is_sealed(self) -> bool:
        """Return whether it was restarted and not unlocked since: no app starts, the storage is shut."""
        return self.files.sealed

    def show_keyboard(self) -> None:
        """Show the keyboard."""
        self.keyboard_visible = True
        self.touch()

    def hide_keyboard(self) -> None:
        """Hide the keyboard; the field loses nothing of its text."""
        self.keyboard_visible = False
        self.touch()

    def copy(self, text: str) -> None:
        """Put a text on the clipboard; Android 13 shows a card for a while."""
        self.clipboard = text
        seconds = self.traits.clipboard_card_s
        if self.android >= 13 and seconds:
            self._card_until_s = self.now_s() + seconds
            self.delay(seconds, self.touch, counts=False)
            self.touch()

    @property
    def shows_clipboard_card(self) -> bool:
        """Return whether the card after a copy is on the screen."""
        return not self.locked and self.now_s() < self._card_until_s

    def dismiss_clipboard_card(self) -> None:
        """Take the card after a copy away."""
        self._card_until_s = 0.0
        self.touch()
