"""Routes are made once a process: a server, of which tests start hundreds, makes none of its own."""

from __future__ import annotations

from types import SimpleNamespace

from fastapi.routing import APIRoute

from fleetlane.dashboard.router import PARTS
from fleetlane.http.app import HttpOptions, create_app
from fleetlane.http.routers import PREFIX


def routes():
    services = SimpleNamespace(license=None, access=None, host_links=None, host_access=None)
    return [r for r in create_app(services, HttpOptions(), PARTS).routes if isinstance(r, APIRoute)]


def test_every_app_has_the_same_routes_and_none_is_made_anew():
    one, other = routes(), routes()
    assert len(one) > 80
    assert all(a is b for a, b in zip(one, other, strict=True))


def test_what_is_in_the_document_is_below_the_prefix_of_the_api_and_no_page_is():
    documented = {route.path for route in routes() if route.include_in_schema}
    pages = {route.path for part in PARTS for route in part.routes}
    assert len(documented) > 30
    assert all(path.startswith(f"{PREFIX}/") for path in documented)
    assert documented & pages == set()
