"""What pages show only after a person did something there; with the pages themselves, all there is to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playwright.sync_api import Page, expect

from support.demo_data import LONG_CAPTION, Story
from support.pages import places
from support.rig import VIDEO

_SHEET = "username,platform,serial,note\nbottega.milano,tiktok,,Negozio\n茶语时光,tiktok,,上海\nnew_one,instagram,,\n"


def nothing(_page: Page, _story: Story) -> None:
    """Do nothing: the page is shown as it comes."""


def _repeated_form(page: Page, story: Story) -> None:
    page.check(f"input[name=serials][value='{story.phones['done']}']")
    page.fill("[name=more_serials]", "R58N12ABCDE")
    page.fill("[name='config.captions']", LONG_CAPTION)
    page.fill("[name='config.material_list']", str(VIDEO))
    page.fill("[name=start_time]", "14:30")
    expect(page.locator("#preview").get_by_role("alert")).to_be_visible()


def _filled_form(page: Page, story: Story) -> None:
    _repeated_form(page, story)
    page.check("[name=allow_repeat]")
    expect(page.locator("#preview tbody tr")).to_have_count(2)


def _refused_form(page: Page, _story: Story) -> None:
    page.fill("[name='config.upload_wait_time']", "99999")
    page.fill("[name='config.captions']", LONG_CAPTION)
    expect(page.locator("#preview").get_by_role("alert")).to_be_visible()


def _help(page: Page, _story: Story) -> None:
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def _messages(page: Page, _story: Story) -> None:
    page.locator("button[value=retry]").click()
    expect(page.locator("#toasts .failed")).to_be_visible()


def _import(page: Page, _story: Story) -> None:
    page.set_input_files("#sheet", {"name": "accounts.csv", "mimeType": "text/csv", "buffer": _SHEET.encode()})
    page.locator("form:has(#sheet) button").first.click()
    expect(page.locator("#plan [role=status]")).to_be_visible()


def _held(page: Page, story: Story) -> None:
    page.goto(f"/phones/{story.values['serial']['done']}")
    if page.locator("#take-over").count():
        page.click("#take-over")
    expect(page.locator("#give-back")).to_be_visible()
    expect(page.locator("figure.phone-picture.live")).to_have_count(1)
    page.click("summary")
    expect(page.locator("#tree li").first).to_be_visible()


def _move_opened(page: Page, _story: Story) -> None:
    page.locator("details.move summary").first.click()
    expect(page.locator("details.move input[type=date]").first).to_be_visible()


def _step_explained(page: Page, story: Story) -> None:
    page.goto(f"/tasks/{story.tasks['checked']}")
    page.locator("a[href*='/screen/']").first.click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("img").first).to_be_visible()


_ACTS: Mapping[str, tuple[str, Callable[[Page, Story], None]]] = {
    "new-filled": ("/new", _filled_form),
    "new-repeat": ("/new", _repeated_form),
    "new-refused": ("/new", _refused_form),
    "keys": ("/", _help),
    "tasks-message": ("/tasks", _messages),
    "needs-you-move": ("/needs-you", _move_opened),
    "tasks-retry-all-stopped": ("/tasks/retry-all?include_stopped=true", nothing),
    "task-screen": ("/tasks", _step_explained),
    "tasks-none-fits": ("/tasks?q=nothing-is-like-this", nothing),
    "accounts-import": ("/accounts", _import),
    "phones-taken-over": ("/phones", _held),
    "calendar-week": ("/calendar?span=week", nothing),
    "error": ("/tasks/999999", nothing),
}


def scenes(story: Story) -> dict[str, tuple[str, Callable[[Page, Story], None]]]:
    """Return all there is to look at, by name: where it is, and what a person does there."""
    all_of_it = {**{name: (place, nothing) for name, place in places(story.values).items()}, **_ACTS}
    return {name: (place, _at_rest(act)) for name, (place, act) in all_of_it.items()}


def _at_rest(act: Callable[[Page, Story], None]) -> Callable[[Page, Story], None]:
    """Return an act that ends when nothing is asked for any more: a form is paler until its answer has come."""

    def done(page: Page, story: Story) -> None:
        act(page, story)
        expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    return done
