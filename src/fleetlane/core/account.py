"""Accounts: names on a platform, and the device each is signed in on."""

from __future__ import annotations

from dataclasses import dataclass

from fleetlane.core.task import username_key

USUAL_PLATFORM = "tiktok"
"""What an account is on where nobody says so. Which platforms there are the screen packs say."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be stored. `serial` is None while it is bound to no device."""

    username: str
    platform: str = USUAL_PLATFORM
    serial: str | None = None
    enabled: bool = True
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it unique: the platform, and the name without `@` and case."""
        return self.platform, username_key(self.username)


@dataclass(frozen=True, slots=True)
class Account:
    """A stored account. Times are milliseconds since the epoch."""

    id: int
    username: str
    platform: str
    serial: str | None
    enabled: bool
    note: str
    created_ms: int
    updated_ms: int

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it unique (see `NewAccount.key`)."""
        return self.platform, username_key(self.username)

    @property
    def lane(self) -> str | None:
        """Return the device its tasks wait for, None while there is none or it is disabled."""
        return self.serial if self.enabled else None
