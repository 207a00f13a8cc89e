"""The system's Chromium, driven by Playwright, watched for what no page may do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PATIENCE_MS = 30_000
"""How long a page may take to do, or to show, what is expected: much, as the machine may be slow."""


NO_CHROMIUM = "Pages are looked at with Chromium: run .ci/tools, or install it (Debian: apt install chromium)."


def found_chromium() -> str | None:
    """Return the program, None when there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


_TELL_REFUSALS = (
    "addEventListener('securitypolicyviolation', e => __refused(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser. Where there is none the test is skipped with a sentence; in CI it fails with it."""
    program = found_chromium()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and all that went wrong on it. `page` is Playwright's."""

    def __init__(self, browser: Browser, base_url: str, **options: Any) -> None:
        self.base_url = base_url
        self.problems: list[str] = []
        self.ran: list[str] = []
        """What a payload did when it was executed."""
        self.context = browser.new_context(base_url=base_url, **{"locale": "en-GB", **options})
        self.context.set_default_timeout(_PATIENCE_MS)
        self.context.on("request", self._request)
        self.context.expose_function("__xss", lambda what: self.ran.append(str(what)))
        self.context.expose_function("__refused", lambda what: self.problems.append(f"refused by the policy: {what}"))
        self.context.add_init_script(_TELL_REFUSALS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        if dialog.type not in ("confirm", "beforeunload"):  # those that the pages ask themselves
            self.ran.append(f"{dialog.type}: {dialog.message}")
        dialog.accept()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{self.page.url}: {message.text}")

    def _request(self, request: Any) -> None:
        place = urlsplit(request.url)
        if place.scheme != "data" and f"{place.scheme}://{place.netloc}" != self.base_url:
            self.problems.append(f"a request left the server: {request.url[:200]}")

    def expect_problems(self, text: str) -> None:
        """Forget the problems that say something, of which there must be one."""
        left = [problem for problem in self.problems if text not in problem]
        assert left != self.problems, f"nothing said {text!r}"
        self.problems = left

    def close(self) -> None:
        """Close it; fails when anything went wrong."""
        self.context.close()
        assert self.problems == [], self.problems
        assert self.ran == []
