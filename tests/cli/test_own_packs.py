"""From a recorded tree that nobody knows to a patch in force with its case: the walk of docs/how-to/own-packs.md."""

from __future__ import annotations

import re
import time
import zipfile

from PIL import Image

from support.command import fleetlane
from support.rig import ROOT

PROMO = (
    '<hierarchy rotation="0"><node package="com.zhiliaoapp.musically" bounds="[0,0][1080,2400]">'
    '<node package="com.zhiliaoapp.musically" text="Watch more of what you like" bounds="[90,900][990,1000]"/>'
    '<node package="com.zhiliaoapp.musically" text="Maria Rossi likes this" bounds="[90,1010][990,1100]"/>'
    '<node package="com.zhiliaoapp.musically" text="Not now" clickable="true" bounds="[90,1300][990,1400]"/>'
    "</node></hierarchy>"
)


def walk():
    """Return the commands of the walk, each with what it prints."""
    text = (ROOT / "docs" / "how-to" / "own-packs.md").read_text(encoding="utf-8")
    section = text.partition("in five minutes\n")[2].partition("\n## ")[0]
    steps = []
    for line in re.findall(r"^    (.*)$", section, re.MULTILINE):
        if line.startswith("$ fleetlane "):
            steps.append((line.removeprefix("$ fleetlane ").split(), []))
        else:
            steps[-1][1].append(line)
    return steps


def test_the_walk_leads_from_an_unknown_tree_to_a_patch_in_force_with_its_case(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "promo.xml").write_text(PROMO, encoding="utf-8")
    began_s, steps = time.monotonic(), walk()
    assert len(steps) == 6
    for command, printed in steps:
        done = fleetlane(*command, FLEETLANE_DATA_DIR=str(tmp_path / "data"))
        assert done.returncode == 0, done.stderr
        for line in printed:
            assert line in done.stdout, (command, done.stdout)
    assert time.monotonic() - began_s < 300, "the machine's part of the five minutes"
    with Image.open(tmp_path / "promo.png") as picture:
        assert picture.format == "PNG"
    case = (tmp_path / "data/packs/cases/tiktok/popup_promo/promo.xml").read_text(encoding="utf-8")
    assert "Not now" in case, "what the app says to everybody stays"
    assert "Rossi" not in case


def test_a_rule_that_was_edited_is_tried_and_one_that_misses_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "promo.xml").write_text(PROMO, encoding="utf-8")
    rule = "patches: tiktok\nscreens:\n  - {name: own, needs: [{text: Not now}], do: {'*': back}}\n"
    (tmp_path / "r.yaml").write_text(rule, encoding="utf-8")
    data = {"FLEETLANE_DATA_DIR": str(tmp_path / "data")}
    done = fleetlane("screens", "suggest", "promo.xml", "--rule", "r.yaml", **data)
    assert (done.returncode, "With it the tree shows tiktok own." in done.stdout) == (0, True)
    (tmp_path / "r.yaml").write_text(rule.replace("Not now", "Nothing"), encoding="utf-8")
    done = fleetlane("screens", "suggest", "promo.xml", "--rule", "r.yaml", "--save", **data)
    assert (done.returncode, "shows tiktok unknown with it, not tiktok own" in done.stderr) == (1, True)
    assert not (tmp_path / "data").exists()


def test_collect_writes_a_tasks_trees_without_peoples_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "data" / "traces" / "7" / "1" / "03.xml"
    kept.parent.mkdir(parents=True)
    kept.write_text(PROMO, encoding="utf-8")
    data = {"FLEETLANE_DATA_DIR": str(tmp_path / "data")}
    done = fleetlane("screens", "collect", "7", **data)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "screens-7.zip") as bundle:
        assert bundle.namelist() == ["1-03.xml", "about.txt"]
        tree, about = bundle.read("1-03.xml").decode(), bundle.read("about.txt").decode()
    assert "Not now" in tree
    assert not re.search("Maria|Rossi|Watch more", tree)
    assert "1-03.xml\ttiktok unknown\t1080x2400" in about
    done = fleetlane("screens", "collect", "8", **data)
    assert (done.returncode, "No tree of task 8 is kept here" in done.stderr) == (1, True)
