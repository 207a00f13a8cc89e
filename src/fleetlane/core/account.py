"""Accounts: names on a platform, and the device each is signed in on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleetlane.core.task import username_key


class Platform(StrEnum):
    """Platforms that content is published on."""

    TIKTOK = "tiktok"
    INSTAGRAM = "instagram"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be stored. `serial` is None while it is bound to no device."""

    username: str
    platform: Platform = Platform.TIKTOK
    serial: str | None = None
    enabled: bool = True
    note: str = ""

    @property
    def key(self) -> tuple[Platform, str]:
        """Return what makes it unique: the platform, and the name without `@` and case."""
        return self.platform, username_key(self.username)


@dataclass(frozen=True, slots=True)
class Account:
    """A stored account. Times are milliseconds since the epoch."""

    id: int
    username: str
    platform: Platform
    serial: str | None
    enabled: bool
    note: str
    created_ms: int
    updated_ms: int

    @property
    def key(self) -> tuple[Platform, str]:
        """Return what makes it unique (see `NewAccount.key`)."""
        return self.platform, username_key(self.username)

    @property
    def lane(self) -> str | None:
        """Return the device its tasks wait for, None while there is none or it is disabled."""
        return self.serial if self.enabled else None
