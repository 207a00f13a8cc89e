"""The HTTP app: routes behind the guard, every answer in the envelope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from fleetlane import __version__
from fleetlane.http import (
    accounts,
    canary,
    devices,
    events,
    host_files,
    hosts,
    materials,
    metrics,
    scripts,
    tasks,
    traces,
)
from fleetlane.http import health_and_docs as pages
from fleetlane.http import license as license_routes
from fleetlane.http.accounts import LARGEST_SHEET_BYTES
from fleetlane.http.errors import ErrorAnswers
from fleetlane.http.guard import Guard
from fleetlane.http.head import HeadAsGet
from fleetlane.http.host_link import host_link
from fleetlane.http.openapi import use_whole_document
from fleetlane.http.query import EmptyParameters
from fleetlane.http.routers import PREFIX
from fleetlane.http.strict_json import BodyLimit
from fleetlane.web.pairs import LARGEST_LOGIN_BYTES
from fleetlane.work.hosts.wire import LINK_PATH
from fleetlane.work.services import Services

HOST_PATHS = (f"{host_files.router.prefix}/",)
"""Below these every route asks for a host's token by itself, and for no other."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How the app answers."""

    always_200: bool = False
    max_body_bytes: int = 8 * 1024 * 1024
    max_upload_bytes: int = 2 * 1024 * 1024 * 1024
    allowed_hosts: Collection[str] = ()
    requests_per_s: float = 0
    port: int = 0
    """Named in cookies: a browser sends those of one server to all ports of its host."""


def create_app(services: Services, options: HttpOptions, more: Sequence[APIRouter] = ()) -> FastAPI:
    """Return the app.

    Args:
        services: what the routes work with.
        options: how the app answers.
        more: routes beside the API, behind the same guard; none may be meant for the document.

    The routes are taken as they are: of those of an included router FastAPI makes each once more, for each app.
    """
    app = FastAPI(
        title="Fleetlane",
        version=__version__,
        description="Task server for fleets of Android phones. Every answer is `{code, message, data}`.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    use_whole_document(app)
    app.state.services = services
    app.state.session_cookie = f"fleetlane_session_{options.port}"
    answers = ErrorAnswers(always_200=options.always_200)
    answers.install(app)
    for router in (
        tasks.router,
        traces.router,
        accounts.sheets,
        accounts.router,
        devices.router,
        canary.router,
        hosts.router,
        materials.uploads,
        materials.router,
        scripts.router,
        events.router,
        host_files.router,
        license_routes.router,
        pages.router,
        metrics.router,
        *more,
    ):
        app.router.routes.extend(router.routes)
    if services.host_links is not None:
        app.add_api_websocket_route(LINK_PATH, host_link(services.host_links, services.host_access, answers))
    others = {f"{PREFIX}/material": options.max_upload_bytes, f"{PREFIX}/account/import": LARGEST_SHEET_BYTES}
    others |= dict.fromkeys(("/materials", "/new/materials"), options.max_upload_bytes)
    others |= {"/accounts/import": LARGEST_SHEET_BYTES, "/login": LARGEST_LOGIN_BYTES}
    app.add_middleware(BodyLimit, limit_bytes=options.max_body_bytes, others=others)
    app.add_middleware(EmptyParameters)
    app.add_middleware(
        Guard,
        answers=answers,
        api_prefix=PREFIX,
        license=services.license,
        allowed_hosts=options.allowed_hosts,
        access=services.access,
        session_cookie=app.state.session_cookie,
        requests_per_s=options.requests_per_s,
        host_paths=HOST_PATHS,
    )
    app.add_middleware(HeadAsGet)
    return app
