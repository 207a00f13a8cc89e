"""Query strings: when something is read, a parameter without a value means the same as none, as in `?status=&serial=`.

When something is changed it is looked at: `?dry_run=` must not be lost.
"""

from __future__ import annotations

from typing import Any


class EmptyParameters:
    """ASGI middleware that takes parameters without a value out of the query.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and b"=" in scope["query_string"]:
            parts = scope["query_string"].split(b"&")
            given = b"&".join(part for part in parts if not part.endswith(b"=") or part.count(b"=") > 1)
            scope = {**scope, "query_string": given}
        await self._app(scope, receive, send)
