"""What is believed of a proxy on this computer: that a browser reached it by https, and nothing else.

Whoever is on this computer, and whoever a proxy passes on unread, can write its headers. An address in them would
let one caller be another with each request, whose guesses and requests are then not counted together.
"""

from __future__ import annotations

from fastapi import Request

from fleetlane.core.loopback import is_loopback


def came_by_https(request: Request) -> bool:
    """Return whether a browser sees this server by https, so that its cookies may be for https alone."""
    says_so = request.headers.get("x-forwarded-proto", "").strip().lower() == "https"
    by_proxy = request.client is not None and is_loopback(request.client.host)
    return request.url.scheme == "https" or (by_proxy and says_so)
