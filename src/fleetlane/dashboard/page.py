"""Rendering: templates that escape everything, the policy that nothing foreign is loaded, and errors as pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, NoReturn, get_type_hints

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from fleetlane import __version__
from fleetlane.core.device import Device, why_not_ready
from fleetlane.core.errors import FleetlaneError, ForeignRequestError, StoreError
from fleetlane.core.message import Message
from fleetlane.core.remark import Remark
from fleetlane.core.schedule import rfc3339
from fleetlane.dashboard.languages import LANGUAGES, N_, catalogue, wanted
from fleetlane.web.error_codes import code_of
from fleetlane.web.pairs import FormRequest
from fleetlane.work.services import Services

_MOST_COUNTED = 100
"""Up to how many tasks that need a person are counted for the bar of pages."""
THEMES = ("light", "dark")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@cache
def _templates(language: str) -> Environment:
    templates = Environment(
        loader=PackageLoader("fleetlane.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install: Callable[..., None] = getattr(templates, "install_gettext_translations")  # noqa: B009 - made at run time
    install(catalogue(language), newstyle=True)
    templates.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return templates


def is_partial(request: Request) -> bool:
    """Return whether htmx asks, not the browser for a whole page."""
    return request.headers.get("HX-Request") == "true"


def render(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """Return a template as an answer; it also knows the request's language, theme and place."""
    services: Services = request.app.state.services
    language = wanted(request)

    def moment(instant_ms: int | None) -> dict[str, str] | None:
        if instant_ms is None:
            return None
        return {
            "machine": rfc3339(instant_ms, services.zone),
            "people": _as_people_write(datetime.fromtimestamp(instant_ms / 1000, services.zone)),
        }

    def waits_for(reasons: Sequence[Message]) -> str:
        return "; ".join(translate(request, reason) for reason in reasons)

    def why(device: Device) -> str:
        reason = why_not_ready(device.serial, device)
        return translate(request, reason) if reason else ""

    theme = request.cookies.get("fleetlane_theme")
    text = _templates(language).get_template(template).render(
        language=language,
        theme=theme if theme in THEMES else "",
        path=request.url.path,
        place=request.state.place,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        moment=moment,
        # For what does not stand in the template: `_` would take it for markup.
        translate_text=partial(translate_text, request),
        waits_for=waits_for,
        translate=partial(translate, request),
        translate_remark=partial(translate_remark, request),
        is_shared=services.hosts.is_shared,
        has_session=request.app.state.session_cookie in request.cookies,
        needs_count=getattr(request.state, "needs_count", 0),
        most_counted=_MOST_COUNTED,
        why=why,
        languages=LANGUAGES,
        version=__version__,
        **values,
    )  # fmt: skip
    return HTMLResponse(text, status, headers={**_HEADERS, **(headers or {})})


def toast(
    request: Request,
    sentence: str,
    *,
    failed: bool = False,
    changed: bool = False,
    undo: str = "",
    again: Mapping[str, bool] | None = None,
) -> HTMLResponse:
    """Return a short message that the page shows for a while, wherever else the answer was to go.

    With `changed` the page also reads its live part again; `undo` is the key to take back what was done; `again` are
    the fields with which the same is done all the same.
    """
    headers = {"HX-Reselect": ".toast"}  # whatever the asker selects
    if request.headers.get("HX-Target") != "toasts":  # htmx finds a new target only while the button pressed is there
        headers |= {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
    if changed:
        headers["HX-Trigger"] = "changed"
    return render(request, "toast.html", headers=headers, sentence=sentence, failed=failed, undo=undo, again=again)


def translate_text(request: Request, sentence: str) -> str:
    """Return a sentence in the request's language. Mark it for the catalogues with `gettext`'s name `N_`."""
    return catalogue(wanted(request)).gettext(sentence) if sentence else ""  # gettext's own "" is the catalogue's head


def translate(request: Request, message: Message) -> str:
    """Return a message in the request's language, its times as people write them."""
    return message.filled(catalogue(wanted(request)).gettext, _as_people_write)


def translate_remark(request: Request, remark: Remark) -> str:
    """Return what a task says of itself in the request's language."""
    return " ".join(translate(request, message) for message in remark.messages)


def _as_people_write(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def redirect(path: str) -> Response:
    """Return an answer that lets htmx go to another page."""
    return Response(headers={"HX-Redirect": path})


class PageRoute(APIRoute):
    """A route whose errors are pages or messages, and whose changes only our own script can ask for.

    A form of another site cannot send htmx's header: the browser would have to ask this server first.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Make the route; no page is in the API's document."""
        options["include_in_schema"] = False
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the checks around it."""
        handle = super().get_route_handler()
        # Who has not shown the token yet is told of no task.
        is_page = self.path != "/login" and get_type_hints(self.endpoint).get("return") is HTMLResponse

        async def guarded(request: Request) -> Response:
            services: Services = request.app.state.services
            request = FormRequest(request.scope, request.receive)
            request.state.place = services.events.place  # before anything is read: the page hears all that comes later
            try:
                if request.method not in ("GET", "HEAD") and not is_partial(request):
                    _refuse()
                if is_page and request.method == "GET":
                    request.state.needs_count = await _needing(services)
                return await handle(request)
            except RequestValidationError:
                sentence = translate_text(
                    request, N_("The address or the form holds something that cannot be understood.")
                )
                return _failure(request, sentence, 400)
            except FleetlaneError as error:
                return _failure(request, str(error), code_of(error) // 100)

        return guarded


async def _needing(services: Services) -> int:
    """Return how many tasks need a person; none while the store does not say: that is told elsewhere."""
    try:
        return await services.queries.needing(_MOST_COUNTED)
    except StoreError:
        return 0


def _refuse() -> NoReturn:
    raise ForeignRequestError("Only Fleetlane's own pages may ask for this.")


def _failure(request: Request, sentence: str, status: int) -> Response:
    if is_partial(request) and request.method != "GET":
        return toast(request, sentence, failed=True)
    return render(request, "error.html", 200 if is_partial(request) else status, sentence=sentence)
