"""The links between a server and the hosts of its phones: a question goes one way, its answer the other.

A question has a verb, a body of JSON values, and an attachment (a picture, a file; b"" for none); an answer the same
without a verb. What a verb means is no matter of the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class HostLinks(Protocol):
    """Asks hosts. On the event loop; several questions to one host may be under way at once."""

    async def ask(
        self, host: str, verb: str, body: Mapping[str, Any], attachment: bytes = b"", *, timeout_s: float
    ) -> tuple[Mapping[str, Any], bytes]:
        """Ask a host, and return what it answers. A question reaches the host once, or not at all.

        A question that its caller does not wait for any more is not begun: when the call is cancelled, or its time is
        over, the host is told so, and cancels its answering (`HostAnswers`). When the link is lost the host does the
        same by itself, for all questions that came by that link.

        Args:
            host: its name.
            verb: what kind of question it is.
            body: the question; JSON values only.
            attachment: what goes with it.
            timeout_s: how long to wait for the answer.

        Raises:
            HostAwayError: the host is not connected; it was not asked.
            CallLostError: the link was lost before the answer came; the host may or may not have done it.
            DeviceTimeoutError: no answer came in time; likewise.
        """
        ...


class HostAnswers(Protocol):
    """Answers questions, at the host's end of a link."""

    async def answer(self, verb: str, body: Mapping[str, Any], attachment: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Answer a question. What goes wrong is an answer as well: nothing is raised but its own cancellation.

        The link cancels it when nobody waits for the answer any more: who asked has told it so, or the link was lost.
        What was not begun by then is not begun.
        """
        ...


class HostTokens(Protocol):
    """Knows the tokens of hosts."""

    async def check(self, token: str) -> str | None:
        """Return the name of the host that a token was made for; None when it is of none.

        How long that takes does not depend on how much of a token is right.
        """
        ...
