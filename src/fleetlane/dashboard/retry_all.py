"""Retrying all that failed: first the question, with what would be retried and what is passed over, then the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse

from fleetlane.core.retrying import PassedOver, RetryWish
from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.web.parameters import LARGEST_ID
from fleetlane.web.wiring import Wired
from fleetlane.work.tasks.retry_all import Skipped

_SHOWN = 50
_COUNTED = {
    PassedOver.STOPPED: N_("%(n)s were passed over: a person stopped them."),
    PassedOver.OUTCOME_UNKNOWN: N_("%(n)s were passed over: nobody knows whether their posts went out."),
    PassedOver.RETRY_LIMIT: N_("%(n)s were passed over: they were retried as often as they may be."),
    PassedOver.REPEAT: N_("%(n)s were passed over: other tasks have published the same, or will."),
    PassedOver.NOT_FAILED: N_("%(n)s were passed over: they have not failed."),
    PassedOver.NOT_FOUND: N_("%(n)s were passed over: they are not there any more."),
}
_HEADINGS = {
    PassedOver.STOPPED: N_("A person stopped them"),
    PassedOver.OUTCOME_UNKNOWN: N_(
        "Nobody knows whether their posts went out: look at the profiles, and resolve them one by one"
    ),
    PassedOver.RETRY_LIMIT: N_("They were retried as often as they may be: fix the cause, then retry them one by one"),
    PassedOver.REPEAT: N_("Other tasks have published the same, or will: delete them, or retry them one by one"),
    PassedOver.NOT_FAILED: N_("They have not failed"),
    PassedOver.NOT_FOUND: N_("They are not there any more"),
}

router = APIRouter(prefix="/tasks/retry-all", route_class=PageRoute)


@router.get("")
async def ask(
    request: Request,
    services: Wired,
    batch_id: Annotated[str | None, Query(max_length=255)] = None,
    include_stopped: bool = False,
) -> HTMLResponse:
    """Show what would be retried."""
    wish = RetryWish(batch_id=batch_id or None, include_stopped=include_stopped)
    found = await services.retry_all(wish, dry_run=True)
    passed: dict[PassedOver, list[Skipped]] = {}
    for one in found.skipped:
        passed.setdefault(one.why, []).append(one)
    return render(
        request,
        "retry_all.html",
        tasks=[one.before for one in found.retried[:_SHOWN]],
        total=len(found.retried),
        passed=[(translate_text(request, _HEADINGS[why]), ones) for why, ones in passed.items()],
        shown=_SHOWN,
        until_ms=max((one.before.ended_ms or 0 for one in found.retried), default=0),
        batch_id=batch_id or "",
        include_stopped=include_stopped,
    )


@router.post("")
async def retry_all(
    request: Request,
    services: Wired,
    until_ms: Annotated[int | None, Form(ge=0, le=LARGEST_ID)] = None,
    batch_id: Annotated[str, Form(max_length=255)] = "",
    include_stopped: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Let what was shown wait again: what ended later is not part of it."""
    wish = RetryWish(batch_id=batch_id or None, ended_until_ms=until_ms, include_stopped=include_stopped)
    done = await services.retry_all(wish)
    undo = services.undo.keep(done.retried)
    return toast(request, retry_summary(request, len(done.retried), done.skipped), changed=True, undo=undo)


def retry_summary(request: Request, retried: int, skipped: Sequence[Skipped]) -> str:
    """Return how many tasks wait again, and how many were passed over for which reason."""
    sentences = [translate_text(request, N_("%(n)s tasks wait again.")) % {"n": retried}]
    for why, n in sorted(Counter(one.why for one in skipped).items()):
        sentences.append(translate_text(request, _COUNTED[why]) % {"n": n})
    return " ".join(sentences)
