"""The accounts that are signed in to an app: which one is used, and changing to another one.

Only what the app itself offers for it; nobody is signed in or out.
"""

from __future__ import annotations

import re

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.screens.recognition import Action
from fleetlane.core.screens.screen import Node
from fleetlane.core.task import username_key
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.profile import Profile, same_handle

_HANDLE = re.compile(r"@?([a-z0-9._]{1,60})(?:,.*)?", re.IGNORECASE | re.DOTALL)
_LIST_TIMEOUT_S = 5.0
_HOME = frozenset({"home_feed", "own_profile", "friends"})


class AccountSwitcher:
    """Changes the account of an app, by the app's own list of accounts."""

    def __init__(self, navigator: Navigator, profile: Profile) -> None:
        self._navigator = navigator
        self._profile = profile
        self._elements = navigator.pack.elements
        self._wanted = ""
        self._by_menu = False
        navigator.verbs["pick_account"] = self._pick
        navigator.verbs["open_accounts"] = self._open

    def switch_to(self, wanted: str) -> None:
        """Make an account the one that is used, and see that it is.

        Raises:
            TaskFailedError: `wrong_account`; it is not signed in on this phone, or the app did not change to it.
        """
        _, state = self._profile.open()
        if same_handle(state.handle, wanted):
            return
        present = self.signed_in()
        self._wanted = username_key(wanted)
        if self._wanted not in map(username_key, present):
            names = ", ".join(f"@{name}" for name in present) or f"@{state.handle}"
            raise TaskFailedError("wrong_account", f"Signed in: {names}; wanted: @{wanted.removeprefix('@')}.")
        self._navigator.reach("pick_account", _HOME)
        _, state = self._profile.open()
        if not same_handle(state.handle, wanted):
            raise TaskFailedError(
                "wrong_account", f"The app stayed on @{state.handle}; wanted: @{wanted.removeprefix('@')}."
            )

    def signed_in(self) -> list[str]:
        """Open the app's list of accounts, and return the handles in it: none when it shows none that can be read."""
        clock, control = self._navigator.phone.clock, self._navigator.phone.control
        screen = self._navigator.reach("accounts", {"account_sheet"})
        until_s = clock.monotonic_s() + _LIST_TIMEOUT_S
        former: list[str] | None = None
        while ((now := list(self._handles(screen))) != former or not now) and clock.monotonic_s() < until_s:
            former = now
            control.pause(0.1)
            screen = self._navigator.reach("accounts", {"account_sheet"})
        return now

    def _handles(self, screen: Screen) -> dict[str, Node]:
        """Return the rows of the list by their handles: those on its sheet, above the row that adds an account."""
        sheet, end = (
            screen.find(self._elements[name]) if name in self._elements else None for name in ("sheet", "add_account")
        )
        found: dict[str, Node] = {}
        for node in screen.top.find_all(self._elements["account_rows"]):
            outside = sheet is not None and not node.bounds.within(sheet.bounds)
            if outside or (end is not None and node.bounds.bottom > end.bounds.bottom):
                continue  # pages below the sheet stay in the tree
            if match := _HANDLE.fullmatch(node.label.strip()):
                found[match[1]] = node
        return found

    def _pick(self, screen: Screen, _action: Action) -> None:
        """Tap the wanted account's row (a verb of the packs)."""
        for handle, node in self._handles(screen).items():
            if same_handle(handle, self._wanted):
                self._navigator.phone.tap(node)

    def _open(self, screen: Screen, action: Action) -> None:
        """Open the list from the profile: by the name at the top, or by the menu, in turn (a verb of the packs)."""
        menu = self._navigator.pack.elements.get("profile_menu")
        node = screen.find(menu) if self._by_menu and menu is not None else None
        if node is None and action.element is not None:
            node = screen.find(action.element)
        self._by_menu = not self._by_menu
        if node is not None:
            self._navigator.phone.tap(node)
