"""All pages: the routers of their parts."""

from __future__ import annotations

from fleetlane.dashboard import (
    accounts,
    assets,
    calendar,
    hosts,
    live_view,
    login,
    material_picker,
    materials,
    needs,
    new_task,
    overview,
    phones,
    retry_all,
    settings,
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
        live_view,
        calendar,
        phones,
        hosts,
        new_task,
        material_picker,
        accounts,
        materials,
        settings,
        assets,
        login,
    )
)
