"""A running server takes the user's own packs without a restart, and says which hold and what is wrong."""

from __future__ import annotations

import pytest

from fleetlane.scripts.packs import PACKS
from support.rig import wait_for
from support.server import ServerThread

PATCH = 'patches: tiktok\nversion: "5"\nscreens: [{name: promo, needs: [{text: Try it}]}]\n'


@pytest.fixture
def _as_shipped():
    yield
    PACKS.use(None)


@pytest.mark.usefixtures("_as_shipped")
def test_a_patch_is_taken_and_a_broken_one_is_told_while_the_former_holds(tmp_path):
    with ServerThread(tmp_path) as server:

        def health():
            return server.http.get("/healthz").json()

        shipped = health()["packs"]["tiktok"]
        assert (shipped["files"], bool(shipped["version"])) == ([], True)
        assert "as it came with Fleetlane" in server.http.get("/settings").text
        folder = tmp_path / "packs"
        folder.mkdir()
        (folder / "mine.yaml").write_text(PATCH, encoding="utf-8")
        wait_for(lambda: health()["packs"]["tiktok"]["files"] == ["mine.yaml"])
        assert health()["packs"]["tiktok"]["version"] == f"{shipped['version']} + 5"
        (folder / "mine.yaml").write_text(PATCH.replace("needs:", "neds:"), encoding="utf-8")
        wait_for(lambda: any("mine.yaml:3" in problem for problem in health()["problems"]))
        assert health()["status"] == "degraded"
        assert health()["packs"]["tiktok"]["files"] == ["mine.yaml"], "what it said before still holds"
        page = server.http.get("/settings").text
        assert "unknown key &#39;neds&#39;" in page
        assert "mine.yaml" in page.partition('data-pack="tiktok"')[2].partition("</dd>")[0]


def test_the_page_of_a_phone_marks_an_app_in_a_version_that_is_new(tmp_path):
    facts = {
        "model": "SM", "brand": "s", "android": "14", "size": [1080, 2400], "battery_percent": 5, "free_bytes": 1,
        "apps": {"com.zhiliaoapp.musically": "99.1", "com.instagram.android": "446.0"},
    }  # fmt: skip
    with ServerThread(tmp_path) as server:
        server.store.submit(lambda r: r.devices.seen("a", 1000, facts)).result(10)
        page = server.http.get("/phones/a").text
        assert 'data-unmet="com.zhiliaoapp.musically"' in page
        assert 'data-unmet="com.instagram.android"' not in page
