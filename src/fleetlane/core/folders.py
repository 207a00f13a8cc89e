"""Which folders of this computer tasks may read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AllowedFolders:
    """Where files may be opened: below one of `roots` (any folder when there is none), never below `forbidden`.

    `materials`, the library's own folder, may always be opened.
    """

    roots: tuple[Path, ...] = ()
    forbidden: tuple[Path, ...] = ()
    materials: Path | None = None

    def allow(self, path: Path) -> bool:
        """Return whether a path, links resolved, may be opened."""
        if self.materials is not None and path.is_relative_to(self.materials):
            return True
        inside = not self.roots or any(path.is_relative_to(root) for root in self.roots)
        return inside and not any(path.is_relative_to(folder) for folder in self.forbidden)
