"""Files under the data directory: traces."""

from __future__ import annotations

from pathlib import Path


class TraceFolder:
    """Keeps the files of traces below one folder: `TASK/ATTEMPT/NAME` (`core.ports.report.TraceFiles`)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, task_id: int, attempt: int, name: str, content: bytes) -> str:
        """Keep a file, and return its path relative to the folder, with `/`."""
        relative = f"{task_id}/{attempt}/{name}"
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return relative
