"""Where everything lies in a data directory."""

from __future__ import annotations

from pathlib import Path


class Places:
    """The files and folders of a data directory."""

    data_dir: Path

    @property
    def store_path(self) -> Path:
        """Return the store's file."""
        return self.data_dir / "fleetlane.db"

    @property
    def host_id_path(self) -> Path:
        """Return the file that says which host the data directory is of."""
        return self.data_dir / "host-id"

    @property
    def license_path(self) -> Path:
        """Return the file of the installed licence."""
        return self.data_dir / "license.jwt"

    @property
    def materials_dir(self) -> Path:
        """Return the folder of uploaded materials."""
        return self.data_dir / "materials"

    @property
    def presses_path(self) -> Path:
        """Return the file in which this computer remembers what it pressed."""
        return self.data_dir / "presses.jsonl"

    @property
    def cache_dir(self) -> Path:
        """Return the folder of media that a host has fetched from its server."""
        return self.data_dir / "cache"

    @property
    def spool_dir(self) -> Path:
        """Return the folder of the pictures and trees of a host that its server does not have yet."""
        return self.data_dir / "spool"

    @property
    def packs_dir(self) -> Path:
        """Return the folder of the user's own screen packs and patches."""
        return self.data_dir / "packs"

    @property
    def backups_dir(self) -> Path:
        """Return the folder of the copies made before a store is changed or replaced."""
        return self.data_dir / "backups"

    @property
    def traces_dir(self) -> Path:
        """Return the folder of trace files."""
        return self.data_dir / "traces"

    @property
    def kept_private(self) -> tuple[Path, ...]:
        """Return what nobody but the server's user may read, beside the data directory itself."""
        logs = (self.store_path.with_name(f"{self.store_path.name}{end}") for end in ("-wal", "-shm"))
        return (
            self.store_path,
            *logs,
            self.materials_dir,
            self.traces_dir,
            self.backups_dir,
            self.spool_dir,
            self.presses_path,
        )
