"""Takes every page, run by `make screenshots`: three languages, light and dark, and a phone's width in one language.

Starts simulated phones and a server, and fills it with something of everything (tests/support/demo_data.py). The pages
come from the router, what a person does on them from tests/support/page_states.py.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import structlog
from playwright.sync_api import Browser, BrowserContext, Page

from fleetlane.dashboard.languages import COOKIE, LANGUAGES
from fleetlane.dashboard.page import THEMES
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.browser import NO_CHROMIUM, chromium, found_chromium
from support.demo_data import Story, fleet, tell
from support.page_states import scenes
from support.server import ServerThread

ROOT = Path(__file__).resolve().parents[1]
_ZONE = "Asia/Shanghai"
_EMPTY = ("/", "/tasks", "/phones", "/new", "/accounts", "/materials")
_ALL_THERE = "() => [...document.images].every(image => image.complete)"

Scenes = Mapping[str, tuple[str, Callable[[Page], None]]]


@dataclass(frozen=True, slots=True)
class Look:
    """A way in which pages can look."""

    language: str
    theme: str
    name: str
    width: int

    @property
    def folder(self) -> str:
        """Return where its pictures go."""
        return f"{self.language}-{self.theme}-{self.name}"


LOOKS = [
    *(Look(language, theme, "wide", 1280) for language in LANGUAGES for theme in THEMES),
    *(Look("en", theme, "narrow", 375) for theme in THEMES),
]


def main() -> int:
    """Take them all, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "screenshots", help="the folder")
    parser.add_argument("--only", default="", help="only those whose path holds this, such as en-light or phones")
    options = parser.parse_args()
    if found_chromium() is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 1
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = time.monotonic()
    with chromium() as browser:
        camera = Camera(browser, options.to.resolve(), options.only)
        print("Starting simulated phones and a server, and letting them work ...", flush=True)
        with _server(fleet()) as (server, phones):
            story = tell(server, phones)
            camera.take_all(
                server, {name: (place, _done_by(act, story)) for name, (place, act) in scenes(story).items()}
            )
        with _server(FleetSettings(phones=0)) as (server, _):
            empty = {f"empty-{place.strip('/') or 'overview'}": (place, lambda _page: None) for place in _EMPTY}
            camera.take_all(server, empty)
    print(f"{camera.taken} pictures in {camera.folder} ({time.monotonic() - began:.0f} s)")
    return 0


@contextmanager
def _server(settings: FleetSettings) -> Iterator[tuple[ServerThread, FleetThread]]:
    with (
        tempfile.TemporaryDirectory(prefix="fleetlane-screenshots-") as folder,
        FleetThread(settings) as phones,
        ServerThread(Path(folder), phones.fleet.adb.port, time_zone=_ZONE) as server,
    ):
        yield server, phones


def _done_by(act: Callable[[Page, Story], None], story: Story) -> Callable[[Page], None]:
    return lambda page: act(page, story)


class Camera:
    """Takes pages in every look, into a folder for each."""

    def __init__(self, browser: Browser, folder: Path, only: str) -> None:
        self.folder = folder
        self.taken = 0
        self._browser = browser
        self._only = only

    def take_all(self, server: ServerThread, wanted: Scenes) -> None:
        """Take the scenes of a server: where each is, and what a person does there first."""
        base = f"http://localhost:{server.settings.port}"
        for look in LOOKS:
            chosen = {name: scene for name, scene in wanted.items() if self._only in f"{look.folder}/{name}.png"}
            with closing(self._context(base, look)) as context:
                page = context.new_page()
                page.on("dialog", lambda dialog: dialog.accept())
                for name, (place, act) in chosen.items():
                    page.goto(place)
                    act(page)
                    self._take(page, self.folder / look.folder / f"{name}.png")
            print(f"{look.folder}: {len(chosen)} pictures", flush=True)

    def _context(self, base_url: str, look: Look) -> BrowserContext:
        size = {"width": look.width, "height": 800}
        looks = {"color_scheme": look.theme, "viewport": size, "reduced_motion": "reduce", "timezone_id": _ZONE}
        context = self._browser.new_context(base_url=base_url, locale="en-GB", **looks)
        context.add_cookies([{"name": COOKIE, "value": look.language, "url": base_url}])
        return context

    def _take(self, page: Page, file: Path) -> None:
        page.evaluate("document.querySelectorAll('img[loading]').forEach(image => image.loading = 'eager')")
        page.wait_for_function(_ALL_THERE)
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file, full_page=True, animations="disabled")
        self.taken += 1


if __name__ == "__main__":
    sys.exit(main())
