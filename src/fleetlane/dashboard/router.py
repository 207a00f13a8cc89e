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
    needs,
    overview,
    phones,
    retry_all,
    settings,
    sights,
    task_page,
    tasks,
    workshop,
)

PARTS = tuple(
    part.router
    for part in (
        overview,
        needs,
        tasks,
        retry_all,
        task_page,
        workshop,
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
