"""Who may use a server that asks for a token: whoever shows it, and browsers that have a session."""

from __future__ import annotations

import hmac

from fleetlane.core.errors import TokenRequiredError, TooManyRequestsError
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.sessions import Sessions


class Access:
    """Lets callers in.

    Args:
        token: what they must show; None: nothing.
        sessions: of those who have shown it to the pages.
        guesses: counts wrong ones.
    """

    def __init__(self, token: str | None, sessions: Sessions, guesses: Guesses) -> None:
        self._token = token.encode() if token else None
        self.sessions = sessions
        self._guesses = guesses

    @property
    def asks(self) -> bool:
        """Return whether a token is asked for."""
        return self._token is not None

    def must_be_right(self, token: bytes, address: str) -> None:
        """Let a caller in who shows a token; "" is none at all.

        Raises:
            TokenRequiredError: it is not the right one.
            TooManyRequestsError: it was not looked at: too many of this address were wrong.
        """
        if self._token is None:
            return
        if token:
            self._guesses.check(address)
            if hmac.compare_digest(token, self._token):
                self._guesses.right(address)
                return
            self._guesses.wrong(address)
        raise TokenRequiredError("This server asks for its token: send the header `Authorization: Bearer TOKEN`.")

    def is_right(self, token: bytes, address: str) -> bool:
        """Return whether a caller shows the right token (see `must_be_right`)."""
        try:
            self.must_be_right(token, address)
        except (TokenRequiredError, TooManyRequestsError):
            return False
        return True


def bearer(authorization: str) -> bytes:
    """Return the token of an Authorization header; empty when there is none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip().encode("latin-1", "replace") if scheme.lower() == "bearer" else b""
