"""Which computers may ask for what only hosts get. The owner's token is none of theirs, nor is theirs the owner's."""

from __future__ import annotations

from fleetlane.core.errors import TokenRequiredError
from fleetlane.core.ports.hosts import HostTokens
from fleetlane.work.access.guesses import Guesses


class NoHostTokens:
    """A server without hosts: no token is right (`core.ports.hosts.HostTokens`)."""

    async def check(self, token: str) -> str | None:
        """Return no name."""
        del token


class HostAccess:
    """Lets hosts in.

    Args:
        tokens: knows theirs.
        guesses: counts wrong ones. Not those of `Access`: who knows a host's token is still to wait when he guesses
            the owner's.
    """

    def __init__(self, tokens: HostTokens, guesses: Guesses) -> None:
        self._tokens = tokens
        self._guesses = guesses

    async def must_be_host(self, token: bytes, address: str) -> str:
        """Return the name of the host that shows a token; "" is none at all.

        Raises:
            TokenRequiredError: it is of no host.
            TooManyRequestsError: it was not looked at: too many of this address were wrong.
        """
        if token:
            self._guesses.check(address)
            name = await self._tokens.check(token.decode("latin-1"))
            if name is not None:
                self._guesses.right(address)
                return name
            self._guesses.wrong(address)
        raise TokenRequiredError("Only hosts get this: send the header `Authorization: Bearer TOKEN` with a host's.")

    async def is_host(self, token: bytes, name: str) -> bool:
        """Return whether a token still is that of a host.

        Raises:
            StoreError: it cannot be told.
        """
        return await self._tokens.check(token.decode("latin-1")) == name
