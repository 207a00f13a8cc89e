"""Routers of the API: each route is made once, under its whole path, and serves every app of the process."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

PREFIX = "/api/v1"


def api_router(prefix: str, tag: str, route_class: type[APIRoute] = APIRoute) -> APIRouter:
    """Return a router of the API.

    Args:
        prefix: below that of the API, "" for none.
        tag: under which the document lists its operations; each is called like its function.
        route_class: of its routes.
    """
    return APIRouter(
        prefix=f"{PREFIX}{prefix}",
        tags=[tag],
        route_class=route_class,
        generate_unique_id_function=lambda route: route.name,
    )
