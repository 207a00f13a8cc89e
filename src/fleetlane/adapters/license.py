"""The licence that is installed: a file with a signed token (see `adapters.license_tokens`)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fleetlane.core.errors import LicenseInvalidError
from fleetlane.core.license import Terms, must_not_be_older

_LARGEST_BYTES = 16 * 1024


class LicenseFile:
    """The installed licence (`core.ports.license.LicenseSource`).

    Args:
        path: the file; there may be none.
        public_keys: whose licences are taken.
    """

    def __init__(self, path: Path, public_keys: Sequence[str]) -> None:
        self._path = path
        self._keys = tuple(public_keys)

    def stamp(self) -> object:
        """Return a value that differs once the file was changed, None when there is none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return str(error)
        return found.st_mtime_ns, found.st_size, found.st_ino

    def read(self) -> Terms | None:
        """Return what the licence says, None when there is none."""
        try:
            text = read_token(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LicenseInvalidError(f"The licence {self._path} cannot be read: {error.strerror}.") from error
        return _verified(text, self._keys)

    def install(self, token: str) -> Terms:
        """Check a licence and put it in the place of the one there is: never half of it.

        Raises:
            LicenseInvalidError: it is not to be trusted, or older than the one there is; nothing is changed.
            OSError: the file cannot be written.
        """
        new = _verified(token, self._keys)
        if (old := self._usable()) is not None:
            must_not_be_older(new, old.issued_ms)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".license-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{token}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)  # no secret, and the server may run as another user
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        return new

    def _usable(self) -> Terms | None:
        try:
            return self.read()
        except LicenseInvalidError:
            return None  # one that cannot be used gives way to any that can


def _verified(token: str, public_keys: Sequence[str]) -> Terms:
    from fleetlane.adapters.license_tokens import verify  # noqa: PLC0415 - few have one, and cryptography is large

    return verify(token, public_keys)


def read_token(path: Path) -> str:
    """Return the token in a file.

    Raises:
        LicenseInvalidError: the file holds something else.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES or not content.isascii():
        raise LicenseInvalidError("The licence is damaged: it is no signed token.")
    return content.decode("ascii").strip()
