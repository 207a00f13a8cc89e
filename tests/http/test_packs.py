"""A running server takes the user's own packs without a restart, and says which hold and what is wrong."""

from __future__ import annotations

import pytest

from fleetlane.bootstrap.server import build
from fleetlane.own_packs import use_packs
from fleetlane.scripts.packs import PACKS
from fleetlane.settings import Settings, SettingsError
from support.rig import VIDEO, wait_for
from support.server import ServerThread

PATCH = 'patches: tiktok\nversion: "5"\nscreens: [{name: promo, needs: [{text: Try it}]}]\n'
FACTS = {
    "model": "SM", "brand": "s", "android": "14", "size": [1080, 2400], "battery_percent": 5, "free_bytes": 1,
}  # fmt: skip


@pytest.fixture
def _as_shipped():
    yield
    PACKS.use(None)


@pytest.mark.slow
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
    facts = {**FACTS, "apps": {"com.zhiliaoapp.musically": "99.1", "com.instagram.android": "446.0"}}
    with ServerThread(tmp_path) as server:
        server.store.submit(lambda r: r.devices.seen("a", 1000, facts)).result(10)
        page = server.http.get("/phones/a").text
        assert 'data-unmet="com.zhiliaoapp.musically"' in page
        assert 'data-unmet="com.instagram.android"' not in page


@pytest.mark.slow
@pytest.mark.usefixtures("_as_shipped")
def test_the_packages_that_a_setting_names_are_shown_and_looked_for_on_phones(tmp_path):
    with ServerThread(tmp_path, app_packages={"instagram": ["org.example.gram"]}) as server:
        facts = {**FACTS, "apps": {"org.example.gram": "999.0"}}
        server.store.submit(lambda r: r.devices.seen("a", 1000, facts)).result(10)
        assert server.http.get("/healthz").json()["packs"]["instagram"]["app_packages"] == ["org.example.gram"]
        assert "org.example.gram" in server.http.get("/settings").text.partition('data-pack="instagram"')[2][:300]
        assert 'data-unmet="org.example.gram"' in server.http.get("/phones/a").text
        assert "org.example.gram" in server.services.devices._packages()
        config = {"platform": "instagram", "captions": "hello", "material_list": [str(VIDEO)]}
        body = {"serials": ["a"], "script_name": "post", "script_config": config, "dry_run": True}
        issues = server.call("POST", "/task", json=body)["data"]["issues"]
        codes = {issue["code"] for issue in issues}
        assert ("new_version" in codes, "app_not_installed" in codes) == (True, False)
        (tmp_path / "packs").mkdir()
        (tmp_path / "packs" / "mine.yaml").write_text("app: gram\npackages: [org.example.gram]\n", encoding="utf-8")
        told = "A setting does not hold. app_packages.instagram: org.example.gram is gram's already."
        wait_for(lambda: told in server.http.get("/healthz").json()["problems"])
        assert "org.example.gram is gram&#39;s already" in server.http.get("/settings").text


@pytest.mark.usefixtures("_as_shipped")
def test_packages_that_fit_no_app_stop_the_start(tmp_path):
    settings = Settings(data_dir=tmp_path, app_packages={"instagrm": ["org.example.gram"]})
    with pytest.raises(SettingsError, match="there is no app 'instagrm'"):
        build(settings)
    assert use_packs(settings, tmp_path / "others").misnamed, "a folder that is only tried may be of other apps"
