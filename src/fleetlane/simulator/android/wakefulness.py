"""A simulated phone's screen: on or off, locked or not, and how it changes by time and by fingers.

Without touches it goes off and is locked later; the keyguard takes a moment to go. Unlocked with a PIN only by
`enter_pin`, which a person does. After a restart with a PIN the storage stays shut until then.
"""

from __future__ import annotations

from fleetlane.simulator.android.phone_state import PhoneState

_TIMEOUT = ("system", "screen_off_timeout")
_STAY_ON = ("global", "stay_on_while_plugged_in")


class Wakefulness:
    """Looks after `screen_on` and `locked` of one phone."""

    def __init__(self, phone: PhoneState) -> None:
        self._phone = phone
        self._used_s = phone.clock.now_s()
        self._went_off_s: float | None = None
        self._leaving = False
        self.asks_for_pin = False
        """Whether the keyguard shows where a PIN is typed."""

    @property
    def timeout_s(self) -> float:
        """Return after how many seconds without touches the screen goes off, 0 for never."""
        settings = self._phone.settings
        if settings.get(_STAY_ON, "0") not in ("", "0", "null"):
            return 0.0
        given = settings.get(_TIMEOUT, "")
        return int(given) / 1000 if given.isdigit() else self._phone.traits.screen_timeout_s

    def used(self) -> None:
        """Note that somebody touched the phone."""
        self._used_s = self._phone.now_s()

    def wake(self) -> None:
        """Put the screen on."""
        self._phone.screen_on = True
        self._went_off_s = None
        self.used()

    def sleep(self) -> None:
        """Put the screen off, and lock it at once, as the power key does."""
        self._phone.screen_on, self._phone.locked = False, True
        self.asks_for_pin = self._leaving = False

    def settle(self) -> None:
        """Let time pass: put the screen off when it was not touched, and lock it after that."""
        phone = self._phone
        timeout_s = self.timeout_s
        if phone.screen_on and timeout_s and phone.now_s() - self._used_s >= timeout_s:
            phone.screen_on = False
            self._went_off_s = self._used_s + timeout_s
            phone.touch()
        if self._went_off_s is not None and phone.now_s() - self._went_off_s >= phone.traits.locks_after_s:
            self._went_off_s = None
            self.sleep()
            phone.touch()

    def unlock(self) -> None:
        """Begin to take the lock screen away, as a swipe does; one with a PIN asks for it."""
        phone = self._phone
        if not phone.screen_on or not phone.locked or self._leaving:
            return
        if phone.has_pin:
            self.asks_for_pin = True
            phone.touch()
            return
        seconds = phone.draws.seconds("keyguard", phone.traits.keyguard_s)
        if not seconds:
            self._gone()
            return
        self._leaving = True
        phone.delay(seconds, self._left, counts=False)

    def _left(self) -> None:
        if self._leaving:
            self._gone()

    def enter_pin(self) -> None:
        """Unlock as a person does who knows the PIN; the storage is open from then on."""
        self._phone.files.sealed = False
        self._gone()

    def _gone(self) -> None:
        self._leaving = self.asks_for_pin = False
        self._phone.locked = False
        self._phone.touch()
