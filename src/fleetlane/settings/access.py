"""The token that requests must carry: where it is kept, and what makes it one that lets nobody or anybody in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from fleetlane.core.loopback import is_loopback
from fleetlane.settings.sources import config_path, keys_of

_SHORTEST_TOKEN = 20
_FEWEST_CHARACTERS = 8


def read_token(token: SecretStr | None, token_file: Path | None, *, name: str = "token_file") -> str | None:
    """Return the token that requests must carry, None for none. `name` is what the file is called in the settings.

    Raises:
        ValueError: the file cannot be used.
    """
    if token_file is None:
        return token.get_secret_value() if token is not None else None
    try:
        mode = token_file.stat().st_mode
        written = token_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"{name} {token_file} cannot be read: write the token into it") from error
    if os.name == "posix" and mode & 0o077:
        raise ValueError(f"{name} {token_file} can be read by others: chmod 600 {token_file}")
    return written


def access_faults(host: str, auth: str, token: SecretStr | None, token_file: Path | None) -> Iterator[str]:
    """Yield what would let nobody in, or anybody, as sentences without their full stop."""
    if token is not None and token_file is not None:
        yield "token and token_file are both given: take one of them out"
        return
    try:
        secret = read_token(token, token_file)
    except ValueError as error:
        yield str(error)
        return
    if secret is None:
        if not is_loopback(host):
            yield f"host {host} can be reached from other computers: set token_file, or listen on 127.0.0.1"
        elif auth == "always":
            yield "auth = always asks everybody for a token, and there is none: set token_file"
    elif weakness := _weakness(secret):
        yield f"{'token' if token_file is None else f'token_file {token_file}'} {weakness}"
    if token is not None and (file := _file_others_may_read()) is not None:
        yield f"{file} holds the token and can be read by others: chmod 600 {file}"


def _weakness(token: str) -> str | None:
    """Return what makes a token one that can be guessed, None when nothing does."""
    make = 'make one with: python -c "import secrets; print(secrets.token_urlsafe())"'
    if not token.isascii() or not token.isprintable() or " " in token:
        return f"holds blanks, or characters that no header can carry; {make}"
    if len(token) < _SHORTEST_TOKEN:
        return f"holds fewer than {_SHORTEST_TOKEN} characters; {make}"
    if len(set(token)) < _FEWEST_CHARACTERS or token in (token + token)[1:-1]:
        return f"repeats itself; {make}"
    return None


def _file_others_may_read() -> Path | None:
    """Return the settings file when it gives the token, and other users of the computer may read it."""
    path = config_path()
    if os.name != "posix" or path is None or "token" not in keys_of(path):
        return None
    return path if path.stat().st_mode & 0o077 else None
