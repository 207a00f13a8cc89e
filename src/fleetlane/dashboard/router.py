"""All pages, in one router."""

from __future__ import annotations

from fastapi import APIRouter

from fleetlane.dashboard import (
    accounts,
    assets,
    calendar,
    choose,
    create,
    login,
    materials,
    overview,
    phones,
    settings,
    sights,
    task_page,
    tasks,
)

PARTS = tuple(
    part.router
    for part in (
        overview,
        tasks,
        task_page,
        sights,
        calendar,
        phones,
        create,
        choose,
        accounts,
        materials,
        settings,
        assets,
        login,
    )
)

router = APIRouter(include_in_schema=False)
for _part in PARTS:
    router.include_router(_part)
