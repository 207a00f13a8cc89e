"""What keeps files: those of traces, and the library's. A new one is a line in each table."""

from __future__ import annotations

from pathlib import Path

from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.media import FileInspector


def _materials_in_a_folder(folder: Path) -> MaterialFolder:
    return MaterialFolder(folder, FileInspector())


TRACE_FILES = {"folder": TraceFolder}
MATERIAL_FILES = {"folder": _materials_in_a_folder}
"""Each makes its own below an empty folder; made again there it is what a server finds after a restart."""
