"""How routes get the services; they are kept on the app's state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from fleetlane.work.services import Services


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Wired = Annotated[Services, Depends(_services)]
"""A route's parameter that gets the services."""


def caller(request: Request) -> str:
    """Return the address that a request comes from."""
    return request.client.host if request.client else "unknown"
