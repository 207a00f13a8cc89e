"""The page of a failed step's screen: why nobody knew it, and a rule that does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import UNKNOWN
from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.scripts.packs.drawing import marked
from fleetlane.web.parameters import LARGEST_ID, TaskId
from fleetlane.web.wiring import Wired
from fleetlane.work.upkeep.workshop import KeptTree

_LONGEST = 20_000

router = APIRouter(prefix="/tasks/{task_id}/screen/{attempt}/{name}", route_class=PageRoute)


def _kept(
    task_id: TaskId,
    attempt: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    name: Annotated[str, Path(pattern=r"^\d{1,6}\.xml$")],
) -> KeptTree:
    return KeptTree(task_id, attempt, name)


Kept = Annotated[KeptTree, Depends(_kept)]
Rule = Annotated[str, Form(max_length=_LONGEST)]


@router.get("")
async def show_screen(request: Request, kept: Kept, services: Wired) -> HTMLResponse:
    """Show what the screen was taken for, and why."""
    explanation = await services.workshop.explain(kept)
    try:
        rule, problem = await services.workshop.suggest(kept), ""
    except PackError as error:
        rule, problem = "", str(error)
    return render(
        request,
        "screen.html",
        kept=kept,
        explanation=explanation,
        is_known=explanation.seen.screen != UNKNOWN,
        numbers={key: number for key, (number, _) in marked(explanation).items()},
        rule=rule,
        problem=problem,
        number_of=id,
    )


@router.get("/picture.png")
async def show_picture(kept: Kept, services: Wired) -> Response:
    """Return the picture with the boxes of the nodes that the page names."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(await services.workshop.picture(kept), media_type="image/png", headers=headers)


@router.get("/collected.xml")
async def download_tree(kept: Kept, services: Wired) -> Response:
    """Return the tree without people's words, to be handed to somebody."""
    headers = {
        "Content-Disposition": f'attachment; filename="{kept.case}.xml"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(await services.workshop.collected(kept), media_type="application/xml", headers=headers)


@router.post("/try")
async def try_rule(request: Request, kept: Kept, services: Wired, rule: Rule = "") -> HTMLResponse:
    """Show what the rule would do to this screen and to all recordings."""
    try:
        trial = await services.workshop.attempt(kept, rule)
    except PackError as error:
        return render(request, "trial.html", trial=None, problem=str(error))
    return render(request, "trial.html", trial=trial, problem="")


@router.post("/save")
async def save_rule(request: Request, kept: Kept, services: Wired, rule: Rule = "") -> HTMLResponse:
    """Save the rule as a patch, with the screen as its case; it is in force from then on."""
    try:
        path = await services.workshop.save(kept, rule)
    except PackError as error:
        return toast(request, str(error), failed=True)
    return toast(request, translate_text(request, N_("It is in force, and saved as %(name)s.")) % {"name": path.name})
