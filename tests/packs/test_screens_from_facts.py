from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
import yaml

from fleetlane.core.recognition import View, recognise
from fleetlane.core.screen import parse_tree
from fleetlane.scripts.packs import load_packs

CASES = yaml.safe_load((Path(__file__).parent / "screens_from_facts.yaml").read_text(encoding="utf-8"))
PACKAGES = {"tiktok": "com.zhiliaoapp.musically", "instagram": "com.instagram.android", "android": "android"}


def tree_of(case):
    package = case.get("package") or PACKAGES[case["app"]]
    parts = [f'<node bounds="[0,0][1080,2400]" package={quoteattr(package)}/>']
    for node in case["nodes"]:
        left, top, right, bottom = node["at"]
        name = node.get("id", "")
        full = name if ":" in name else f"{package}:id/{name}" if name else ""
        kind = f"android.widget.{node['class']}" if "class" in node else ""
        parts.append(
            f"<node text={quoteattr(str(node.get('text', '')))} content-desc={quoteattr(node.get('desc', ''))} "
            f'resource-id={quoteattr(full)} class="{kind}" package={quoteattr(package)} '
            f'clickable="{"true" if node.get("clickable") else "false"}" bounds="[{left},{top}][{right},{bottom}]"/>'
        )
    return parse_tree(f'<hierarchy rotation="0">{"".join(parts)}</hierarchy>')


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['app']}-{case['screen']}-{case['why']}")
def test_a_screen_built_from_facts_gets_its_name(case):
    assert str(recognise(load_packs(), View(tree_of(case)))) == f"{case['app']} {case['screen']}"


def test_the_facts_cover_every_screen_of_the_packs_that_no_recording_covers():
    recorded = {("tiktok", n) for n in ("preview", "exit_modal", "popup_notifications")}
    recorded |= {("instagram", n) for n in ("create_sheet", "own_profile", "popup_rate", "reel_editor", "uploading")}
    built = {(case["app"], case["screen"]) for case in CASES} | recorded
    known = {
        (pack.app, rule.name)
        for pack in load_packs()
        for rule in pack.screens
        if pack.app != "android" and not rule.unverified
    }
    assert known - built == {
        ("tiktok", "sound_page"), ("instagram", "own_post"), ("instagram", "popup_first_reel"),
        ("instagram", "account_blocked"), ("instagram", "popup_meta_verified"), ("instagram", "popup_location"),
    }  # fmt: skip
