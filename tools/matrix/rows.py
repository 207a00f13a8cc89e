"""The rows of the matrix: faults, how a post may end that meets them, and what a person does afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checkpoints import Place

from fleetlane.simulator.apps.app_state import AppFaults
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.likeness.reader import trait_value
from fleetlane.simulator.link.phone_link import PhoneLink

POSTED, UNKNOWN = "posted", "outcome_unknown"
_ENDED = (
    "the app is ended in the middle of its upload; apps may go on with one, so a profile without the post is no proof"
)
NEVER_KNOWN = {
    "upload_stuck": "the upload never ends, and the app never says so",
    "upload_fail": "the app says so for a moment only; nobody looked then",
    **dict.fromkeys(("reboot", "crash", "log_out", "security_check", "account_blocked", "uninstall"), _ENDED),
    "trait pin": "the next task starts the app anew: what was under way there, or still waited for Post, is gone",
}
"""Rows after which nobody can tell what became of a post that is not out, and why."""
_POPUP = {"tiktok": "popup_notifications", "instagram": "popup_rate"}


_CALL = "the 20 s that a call to a phone may take; from the press on Post on, once more for the look"
_AFTER = "after Post the profile is looked at first"
_LOOK = "25 s for which the profile is looked at for a new post, and `upload_wait_time`"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and how a post may end that meets it, beside `POSTED`: by their error codes.

    `ends` are right at every place, `risky` only where Post is pressed or may have been.
    """

    name: str
    kind: str
    ends: frozenset[str] = frozenset()
    risky: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    bound: str = ""
    """What its seconds are bounded by, where that is not the fault itself."""
    alone: bool = False
    """Whether it strikes every phone of the adb server."""
    is_long: bool = False
    where: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Ends that are right in one app only, by the app; after Post nobody may be able to say there."""
    also: tuple[str, ...] = ()
    """Kinds of faults that strike with it."""

    def applies(self, place: Place) -> bool:
        """Return whether it can strike there."""
        return self.kind != "ignore_tap" or bool(place.tap)

    def right(self, app: str, place: Place) -> set[str]:
        """Return the ends that are right at a place of an app."""
        own = self.where.get(app, frozenset())
        risky = {*self.risky, *(("outcome_unknown",) if own else ())}
        return {POSTED, *self.ends, *own, *(risky if place.is_risky else ())}

    @property
    def is_of_a_trait(self) -> bool:
        """Return whether it changes what the phone is like."""
        return self.kind == "trait"

    def faults(self, app: str, tap: str) -> list[Fault]:
        """Return the faults for a place where `tap` leads on: the row's own, and what strikes with it."""
        if not self.kind:
            return []
        fault = Fault(self.kind, app=app, **self.options)
        match self.kind:
            case "popup":
                fault.popup = _POPUP[app]
            case "ignore_tap":
                fault.role = tap
            case "trait":
                fault.value = trait_value(fault.trait, fault.value, self.name)
        return [fault, *(Fault(kind) for kind in self.also)]


def _ends(name: str, *codes: str, kind: str = "", bound: str = "", is_long: bool = False, **options: float) -> Row:
    """Return the row of a fault that ends a post; after Post nobody may be able to say how.

    A fault may take the press on Post with it: a later look finds out when nothing went out.
    """
    risky = frozenset({"outcome_unknown", "not_published"})
    return Row(name, kind or name, frozenset(codes), risky, options, bound, is_long=is_long)


def _passes(name: str, *, kind: str = "", swallows: bool = False, **options: float) -> Row:
    """Return the row of a fault that a post gets over. One that `swallows` taps may swallow the press on Post."""
    risky = frozenset({"not_published"} if swallows else ())
    return Row(name, kind or name, frozenset(), risky, options, _LOOK if swallows else "")


def _changes(
    trait: str, value: object, *codes: str, for_s: float | None = None, also: tuple[str, ...] = (), bound: str = ""
) -> Row:
    """Return the row of a trait that changes; it ends a post by `codes`, or the post gets over it."""
    risky = frozenset({"outcome_unknown", "not_published"} if codes else ())
    options = {"trait": trait, "value": value, **({"for_s": for_s} if for_s is not None else {})}
    return Row(f"trait {trait}", "trait", frozenset(codes), risky, options, bound, also=also)


ROWS = (
    _ends("hang for 30 s", "device_timeout", kind="hang", for_s=30.0, bound=_CALL, is_long=True),
    _ends("upload_stuck", "outcome_unknown", bound=f"{_LOOK}; Instagram: a stage's 45 s", is_long=True),
    # The app says so for a moment only; when that is missed, nobody can say.
    _ends("upload_fail", "upload_failed", "outcome_unknown", bound=_LOOK, is_long=True),
    _ends("unplug", "device_disconnected", for_s=2.0, bound=f"the cable: the next task waits for its phone; {_AFTER}"),
    _ends(
        "reboot", "device_disconnected", for_s=3.0, bound=f"the restart: the next task waits for its phone; {_AFTER}"
    ),
    _ends(
        "offline",
        "device_disconnected",
        for_s=2.0,
        bound="when adb has the phone again; it is asked to after 0.5 s, 1 s, 2 s, ..., at most 30 s",
    ),
    _ends(
        "unauthorized",
        "device_disconnected",
        for_s=2.0,
        bound=f"the trust: the next task waits for its phone; {_AFTER}",
    ),
    replace(_ends("kill_adb_server", "adb_server_down", bound="a new adb server's start, about 3 s"), alone=True),
    _passes("drop"),
    _passes("hang for 2 s", kind="hang", for_s=2.0),
    _passes("slow", for_s=4.0, factor=4.0),
    _passes("kill_ui_server"),
    _ends("crash", "app_crashed"),
    _passes("not_responding", swallows=True),
    _passes("lock", swallows=True),
    # Instagram is known by its ids: one that has others is a person's matter, who changes its pack.
    replace(
        _passes("update_ids"),
        where={"instagram": frozenset({"screen_unrecognised", "screen_stuck"})},
        bound="Instagram: `unknown_screen_patience_s`, and the person who changes its pack (here at once)",
    ),
    _ends("log_out", "not_logged_in", bound="the person who signs in (here at once)"),
    _ends("security_check", "security_check", bound="the person who completes it (here at once)"),
    _ends("account_blocked", "account_blocked", bound="the person who settles it (here at once)"),
    _ends("storage_full", "storage_full", bound="the person who frees storage (here at once)"),
    _ends("uninstall", "app_not_installed", "app_crashed", bound="the person who installs it (here at once)"),
    _passes("popup", swallows=True),
    _passes("ignore_tap", swallows=True),
    _passes("eat_text"),
    # What a phone is like may change in the middle of a post, too.
    _changes("dump_fails", 1.0, for_s=8.0),
    _changes("upload_s", 300.0),
    _changes("input_guard", "xiaomi", "input_not_allowed", bound="the person who sets the switch (here at once)"),
    _changes("pin", True, "screen_locked", also=("lock",), bound="the person who removes the PIN (here at once)"),
)


def mend(link: PhoneLink, row: Row, left: Mapping[str, Any]) -> None:
    """Do what a person does after a fault that does not pass by itself. On the phone's own thread.

    Args:
        link: the phone.
        row: what struck it.
        left: what was noted by `before`.
    """
    phone = link.phone
    mine = left["app"]
    mine.faults = AppFaults()
    match row.kind:
        case "log_out":
            mine.logged_in = True
        case "security_check" | "account_blocked":
            phone.stop_app(mine.package.name)
        case "storage_full":
            phone.files.capacity_bytes = left["capacity_bytes"]
        case "uninstall":
            phone.apps[mine.package.name] = mine
        case "update_ids" if mine.model.app in row.where:
            mine.build = left["build"]
            phone.touch()
        case "trait" if "for_s" not in row.options:
            name = row.options["trait"]
            phone.change_traits({name: getattr(left["traits"], name)})
        case _:
            return  # it has passed, or the next task gets over it


def before(link: PhoneLink, app: str) -> dict[str, Any]:
    """Return what `mend` needs. On the phone's own thread."""
    mine = next(a for a in link.phone.apps.values() if a.model.app == app)
    phone = link.phone
    return {
        "app": mine,
        "build": mine.build,
        "capacity_bytes": phone.files.capacity_bytes,
        "traits": phone.traits,
    }
