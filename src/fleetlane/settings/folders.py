"""Settings that are paths, and the folders that media may be opened in."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import AfterValidator, BeforeValidator

from fleetlane.core.folders import Computer

DEFAULT_ROOTS = Path("default")
"""Stands, in `material_roots`, for the folders that are allowed when the setting is absent."""


def _absolute(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path cannot hold the character NUL")
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"there is no such home folder: {path.parts[0]}") from error


def _root(path: Path) -> Path:
    return path if path == DEFAULT_ROOTS else _absolute(path)


def _not_blank(path: Any) -> Any:
    if isinstance(path, str) and not path.strip():
        raise ValueError("names no folder or file: an empty text would be wherever the server is started")
    return path


AbsolutePath = Annotated[Path, BeforeValidator(_not_blank), AfterValidator(_absolute)]
Root = Annotated[Path, BeforeValidator(_not_blank), AfterValidator(_root)]


def _this_computer() -> Computer:
    own = (platformdirs.user_videos_dir(), platformdirs.user_pictures_dir(), platformdirs.user_downloads_dir())
    movies = Path.home() / "Movies"
    drive = os.environ.get("SYSTEMDRIVE", "C:")
    return Computer(platform.system(), (*(Path(folder) for folder in own), movies), drive)


def resolved_roots(material_roots: Sequence[Path] | None, materials_dir: Path) -> tuple[Path, ...]:
    """Return the folders media may be opened in, by the setting `material_roots` and the library's own folder."""
    named = [materials_dir, DEFAULT_ROOTS] if material_roots is None else material_roots
    default = _this_computer() if DEFAULT_ROOTS in named else None
    own, drives = (default.own, default.drives()) if default else ((), ())
    resolved = [root.resolve() for root in (*named, *own) if root != DEFAULT_ROOTS]
    return (*resolved, *(Path(drive) for drive in drives))


def default_mounts(material_roots: Sequence[Path] | None) -> tuple[Path, ...]:
    """Return where this computer mounts other drives, none where the default folders are not allowed."""
    with_default = material_roots is None or DEFAULT_ROOTS in material_roots
    return tuple(_this_computer().mounts()) if with_default else ()
