"""Takes every page, run by `make screenshots`: three languages, light and dark, and a phone's width in one language.

Starts simulated phones and a server, and fills it with something of everything (tests/support/story.py). The pages
come from the router, what a person does on them from tests/support/scenes.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import structlog
from playwright.sync_api import Browser, Page
from support.browser import NO_CHROMIUM, chromium, found_chromium
from support.scenes import nothing, scenes
from support.server import ServerThread
from support.story import Story, fleet, tell

from fleetlane.dashboard.languages import COOKIE, LANGUAGES
from fleetlane.dashboard.page import THEMES
from fleetlane.simulator.fleet import FleetThread

_ZONE = "Asia/Shanghai"
_WIDTHS = {"wide": 1280, "narrow": 375}
_EMPTY = ("/", "/tasks", "/phones", "/new", "/accounts", "/materials")
_SETTLE_MS = 150

Act = Callable[[Page], None]


def main() -> int:
    """Take them all, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "screenshots", help="the folder")
    parser.add_argument("--only", default="", help="only those whose name holds this, such as en-light")
    options = parser.parse_args()
    if found_chromium() is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 1
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fleetlane-screenshots-") as folder, chromium() as browser:
        camera = Camera(browser, options.to, options.only)
        with _told(Path(folder) / "told") as (server, story):
            for name, (place, act) in scenes(story).items():
                camera.take(server, name, place, lambda page, act=act: act(page, story))
        with ServerThread(Path(folder) / "empty", time_zone=_ZONE) as server:
            for place in _EMPTY:
                camera.take(server, f"empty-{place.strip('/') or 'overview'}", place, lambda page: nothing(page, story))
    print(f"{camera.taken} pictures in {options.to} ({time.monotonic() - began:.0f} s)")
    return 0


@contextmanager
def _told(data_dir: Path) -> Iterator[tuple[ServerThread, Story]]:
    print("Starting simulated phones and a server, and letting them work ...", flush=True)
    with FleetThread(fleet()) as phones, ServerThread(data_dir, phones.fleet.adb.port, time_zone=_ZONE) as server:
        yield server, tell(server, phones)


class Camera:
    """Takes pictures of a page in every way it can look, and says which."""

    def __init__(self, browser: Browser, folder: Path, only: str) -> None:
        self.taken = 0
        self._browser = browser
        self._folder = folder
        self._only = only

    def take(self, server: ServerThread, name: str, place: str, act: Act) -> None:
        """Take a page. `act` is what a person does there first."""
        ways = [*product(LANGUAGES, THEMES, ["wide"]), *product(["en"], THEMES, ["narrow"])]
        for language, theme, width in ways:
            file = self._folder / f"{language}-{theme}-{width}" / f"{name}.png"
            if self._only in str(file.relative_to(self._folder)):
                self._take(server, file, place, act, language, theme, width)
        print(f"{self.taken:4} {name}", flush=True)

    def _take(
        self, server: ServerThread, file: Path, place: str, act: Act, language: str, theme: str, width: str
    ) -> None:
        base = f"http://localhost:{server.settings.port}"
        size = {"width": _WIDTHS[width], "height": 800}
        looks = {"color_scheme": theme, "viewport": size, "reduced_motion": "reduce", "timezone_id": _ZONE}
        context = self._browser.new_context(base_url=base, locale="en-GB", **looks)
        context.add_cookies([{"name": COOKIE, "value": language, "url": base}])
        page = context.new_page()
        page.goto(place)
        act(page)
        page.wait_for_timeout(_SETTLE_MS)  # pictures that load when they come into view
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file, full_page=True, animations="disabled")
        context.close()
        self.taken += 1


if __name__ == "__main__":
    sys.exit(main())
