"""The tokens of hosts: random, shown once, and kept as hashes. A server lets a host in that shows its own."""

from __future__ import annotations

import hashlib
import secrets

from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.hosts import NAME, NAME_RULE
from fleetlane.core.ports.store import Store

_PREFIX = "flh_"
"""So that people, and programs that look for secrets, know what it is."""
_SECRET_BYTES = 32


class HostTokens:
    """Gives tokens to hosts, and knows them again.

    Args:
        store: where their hashes are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def issue(self, name: str) -> str:
        """Return a new token for a host, `flh_` and 43 characters, which nothing keeps; the one before holds no more.

        Raises:
            InvalidParametersError: the name is none.
            StoreError: it could not be stored; the one before still holds.
        """
        if not NAME.fullmatch(name):
            raise InvalidParametersError.one("name", NAME_RULE)
        token = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        await self._store.write(lambda repositories: repositories.hosts.let_in(name, _hashed(token)))
        return token

    async def check(self, token: str) -> str | None:
        """Return the name of the host that a token is of; None when it is of none, or of one that was forgotten.

        What is looked for is a hash of all of it, whatever it is: how long that takes says nothing about tokens.

        Raises:
            StoreError: it cannot be told.
        """
        found = await self._store.read(lambda repositories: repositories.hosts.of_token(_hashed(token)))
        return found.name if found else None


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
