"""Where the `fleetlane` command begins: what a person can fix ends it with a sentence and exit code 1."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # captions, accounts and screenshots are for the user alone, in whatever file
    port = os.environ.get("ANDROID_ADB_SERVER_PORT", "")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        _end(f"ANDROID_ADB_SERVER_PORT is {port!r}, which is no port; set it to 1 to 65535, or unset it.")
    try:
        app()  # imports adbutils, which reads that variable, when a command needs it
    except FleetlaneError as error:
        _end(str(error))
    except OSError as error:  # a full disk, a folder that is taken away: whatever was not foreseen
        place = f"{error.filename}: " if error.filename else ""
        _end(f"{place}{error.strerror or error}.")


def _end(problem: str) -> NoReturn:
    print(f"fleetlane: {problem}", file=sys.stderr)
    sys.exit(1)
