"""Adding a folder to `material_roots` in the settings file, leaving all else in it as it is written."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetlane.settings import DEFAULT_ROOTS, Settings, SettingsError, config_path, effective_settings, own_config_path

_KEY = "material_roots"
_LIST = re.compile(rf"^[ \t]*{_KEY}[ \t]*=[ \t]*\[", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What was done: `file` was written, or None when the folder was allowed before."""

    folder: Path
    file: Path | None


def allow_folder(text: Path, settings: Settings) -> Allowed:
    """Let tasks open the files of a folder.

    Args:
        text: the folder, as its owner wrote it.
        settings: those that hold.

    Raises:
        SettingsError: it cannot be allowed; says why.
    """
    folder = text.expanduser().resolve()
    if not folder.is_dir():
        raise SettingsError.of([f"{folder} is no folder on this computer. Correct it, or make the folder first."])
    if settings.folders.forbid(folder):
        raise SettingsError.of([f"{folder} belongs to the server's own data. Copy the media elsewhere, or upload it."])
    if settings.folders.hold(folder):
        return Allowed(folder, None)
    file = config_path() or own_config_path()
    origin = next(setting.origin for setting in effective_settings(settings) if setting.name == _KEY)
    if origin not in ("default", str(file)):
        raise SettingsError.of([f"{_KEY} is said by {origin}, which wins over {file}. Add {folder} there."])
    try:
        written = file.read_bytes().decode() if file.is_file() else ""
        _replace(file, with_root(written, folder))
    except OSError as error:
        raise SettingsError.of([f"{file} cannot be written: {error.strerror}."]) from error
    return Allowed(folder, file)


def with_root(written: str, folder: Path) -> str:
    """Return the text of a settings file with a folder added to its roots, which are the default ones if it has none.

    Raises:
        SettingsError: the list is written in a way that only its writer can change.
    """
    before: dict[str, Any] = tomllib.loads(written)
    name = json.dumps(folder.as_posix(), ensure_ascii=False).replace("\x7f", "\\u007f")
    if _KEY not in before:
        end = "\r\n" if "\r\n" in written else "\n"
        changed = f"{_KEY} = [{json.dumps(str(DEFAULT_ROOTS))}, {name}]{end}{written}"
        wanted = [str(DEFAULT_ROOTS), folder.as_posix()]
    else:
        table = _TABLE.search(written)
        found = _LIST.search(written, 0, table.start() if table else len(written))
        changed = f"{written[: found.end()]}{name}, {written[found.end() :]}" if found else ""
        wanted = [folder.as_posix(), *before[_KEY]]
    try:
        done = tomllib.loads(changed) == {**before, _KEY: wanted}
    except tomllib.TOMLDecodeError:
        done = False
    if not done:
        raise SettingsError.of([f"{_KEY} cannot be changed by this command: add {name} to its list by hand."])
    return changed


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file = file.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode())
        Path(name).chmod(file.stat().st_mode & 0o777 if file.is_file() else 0o600)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)
