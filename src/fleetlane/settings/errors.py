"""What is wrong with settings: the error that ends a start, and contradictions between settings."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.core.errors import FleetlaneError


class SettingsError(FleetlaneError):
    """The settings cannot be used; names every fault."""

    faults: Sequence[str] = ()

    @classmethod
    def of(cls, faults: Sequence[str]) -> SettingsError:
        """Return the error for faults, a sentence each."""
        error = cls("\n".join(["These settings cannot be used:", *(f"  {fault}" for fault in faults)]))
        error.faults = tuple(faults)
        return error


class Contradictions(ValueError):  # noqa: N818 - several of them
    """Settings that cannot all hold; `faults` are sentences without their full stop."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))
