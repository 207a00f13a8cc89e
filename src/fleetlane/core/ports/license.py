"""Where the licence lies."""

from __future__ import annotations

from typing import Protocol

from fleetlane.core.license import Terms


class LicenseSource(Protocol):
    """The one installed licence."""

    def stamp(self) -> object:
        """Return a value that differs once the licence was changed; cheap. None when there is none."""
        ...

    def read(self) -> Terms | None:
        """Return what the licence says, None when there is none.

        Raises:
            LicenseInvalidError: it is not to be trusted; says why.
        """
        ...
