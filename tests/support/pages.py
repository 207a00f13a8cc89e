"""Every page of the dashboard, taken from its router: a new page cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, get_type_hints

from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from fleetlane.dashboard.router import PARTS

_NO_PAGES = {
    "/accounts/export",
    "/language/{code}",
    "/phones/{serial}/picture.jpg",
    "/static/{name}",
    "/tasks/{task_id}/screen/{attempt}/{name}/collected.xml",
    "/tasks/{task_id}/screen/{attempt}/{name}/picture.png",
    "/tasks/{task_id}/trace.zip",
    "/tasks/{task_id}/trace/files/{attempt}/{name}",
    "/new/materials",  # a part of /new, which loads it
}
"""Routes that answer with a `Response` of no kind that is told, and are no pages."""
_PARTS = {"/new/materials", "/phones/{serial}/tree", "/tasks/{task_id}/screen/{attempt}/{name}"}
"""Parts of pages, and pages of a step, which are looked at where they are come to (`support.scenes`)."""


def page_routes() -> list[APIRoute]:
    """Return the routes that show a page."""
    routes = [r for part in PARTS for r in part.routes if isinstance(r, APIRoute) and "GET" in r.methods]
    return [route for route in routes if _shows(route)]


def _shows(route: APIRoute) -> bool:
    kind = get_type_hints(route.endpoint).get("return")
    if kind is Response:
        assert route.path in _NO_PAGES, f"tests/support/pages.py must be told whether {route.path} is a page"
    return kind is HTMLResponse and route.path not in _PARTS


def places(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the addresses of all pages, by names for people.

    Args:
        values: what to put into the addresses: by parameter, then by a name for each value.
    """
    found: dict[str, str] = {}
    for route in page_routes():
        names = re.findall(r"{(\w+)}", route.path)
        unknown = [name for name in names if name not in values]
        assert not unknown, f"{route.path}: tests/support/demo_data.py has no value for {unknown}"
        for chosen in product(*(values[name].items() for name in names)):
            address, label = route.path, route.path
            for name, (what, value) in zip(names, chosen, strict=True):
                address = address.replace(f"{{{name}}}", str(value))
                label = label.replace(f"{{{name}}}", what)
            found[label.strip("/").replace("/", "-") or "overview"] = address
    return found
