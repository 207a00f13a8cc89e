"""Documents that cannot rot, because tests read them."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FEATURES = ROOT / "docs" / "reference" / "features.md"


def generator():
    spec = importlib.util.spec_from_file_location("docs_generator", ROOT / "tools" / "docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["errors.md", "settings.md", "command-line.md", "faults.md", "openapi.json"])
def test_a_generated_page_is_not_stale(name):
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == generator().pages()[name], (
        "run `make docs`"
    )


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]


def headings(page):
    """The places of a page that links may name, as GitHub makes them of its headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\]\(.*?\)", "]", title).lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target, place in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?(?: \"[^\"]*\")?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            led_to = page.parent / target if target else page
            assert led_to.exists(), target
            assert not place or place in headings(led_to), f"{target}#{place}"


def test_the_readme_is_short_and_says_what_nobody_has_tried():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count("\n") <= 150
    assert "Nothing here has met a real phone or the real apps." in readme


def test_the_index_names_every_document_once():
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    named = [target for target in re.findall(r"\]\(([^)#\s]+)", index) if not target.startswith("..")]
    there = [*docs.glob("*/*.md"), docs / "reference" / "openapi.json"]
    records = {path for path in there if path.parent.name == "decisions" and path.name != "README.md"}
    assert set(named) == {path.relative_to(docs).as_posix() for path in {*there} - records}
    kinds = re.findall(r"^## ([\w-]+): ", index, re.MULTILINE)
    assert [kind.lower() for kind in kinds] == ["tutorial", "how-to", "reference", "explanation"]
    for kind, section in zip(kinds, index.split("\n## ")[1:], strict=True):
        links = [link for link in named if f"({link})" in section]
        assert {link.partition("/")[0] for link in links} <= {kind.lower(), "decisions"}, kind


def test_the_index_of_decisions_has_a_row_for_each_record():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[(\d{4})\]\((\S+)\) \| (.+?) \| (.+) \| accepted.* \| (20\d\d-\d\d-\d\d) \|$", index, re.MULTILINE
    )
    assert len(rows) == index.count("\n| [") > 19, "a row is not in the form of the others"
    for number, (record, row) in enumerate(zip(sorted(folder.glob("0*.md")), rows, strict=True), 1):
        text = record.read_text(encoding="utf-8")
        assert (row[0], row[1]) == (f"{number:04d}", record.name)
        assert text.startswith(f"# {row[0]} {row[2]}\n"), record.name
        assert "*Status: accepted" in text, record.name


def test_the_verbs_and_flags_of_a_stop_are_where_the_page_says():
    page = ROOT / "docs" / "explanation" / "stopping.md"
    rows = re.findall(r"^\| `([\w.]+)` \| .*?\]\(([^)\s]+)\)\)? \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 15
    for name, path in rows:
        source = (page.parent / path).read_text(encoding="utf-8")
        owner, _, member = name.rpartition(".")
        assert not owner or f"\nclass {owner}" in source, name
        declared = rf"def {member}\(" if owner else rf"\b{member}\b.* = "
        assert re.search(declared, source), name


def test_the_glossary_has_each_word_once_in_order():
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8").partition("\n## ")[0]
    words = [word.lower() for word in re.findall(r"^\| \*\*(.+?)\*\*", text, re.MULTILINE)]
    assert len(words) == text.count("\n| **") > 60
    assert words == sorted(set(words))


def test_every_make_target_is_one_line_and_described_for_contributors():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"\.PHONY: (.*)", makefile)[1].split()
    assert targets
    for target in targets:
        assert f"| `make {target}` |" in guide, target


def features():
    """Rows of the table of features: what, the test's file, the test."""
    table = FEATURES.read_text(encoding="utf-8").partition("| feature | shown by |")[2].partition("\n\n")[0]
    return re.findall(r'^\| (.+) \| \[.+\]\(\.\./\.\./(\S+) "(\w+)"\) \|$', table, flags=re.MULTILINE), table


def test_every_feature_is_linked_to_a_test_that_is_there():
    rows, table = features()
    assert len(rows) == table.count("\n") - 1 > 25, "a row is not in the form of the others"
    for what, path, name in rows:
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), what


def test_the_page_of_simulated_phones_says_of_each_test_of_posts_what_phones_it_runs_on():
    said = re.findall(
        r"^\| `(tests/\S+)` \|", (ROOT / "docs/reference/simulated-phones.md").read_text("utf-8"), re.MULTILINE
    )
    there = [path for folder in ("flow", "e2e") for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    assert said == [path.relative_to(ROOT).as_posix() for path in there]


def test_everything_that_broke_posts_is_linked_to_a_test_that_is_there():
    table = (ROOT / "docs/reference/simulated-phones.md").read_text(encoding="utf-8")
    table = table.partition("| what a phone does | held by |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = re.findall(r'^\| (.+) \| \[(.+)\]\(\.\./\.\./(\S+) "test_(\w+)"\) \|$', table, flags=re.MULTILINE)
    assert len(rows) == table.count("\n") + 1 == 10, "a row is not in the form of the others"
    for what, shown, path, name in rows:
        assert shown == name.replace("_", " "), what
        assert f"\ndef test_{name}(" in (ROOT / path).read_text(encoding="utf-8"), what


def test_every_attack_in_the_security_page_is_linked_to_a_test_that_is_there():
    table = (ROOT / "docs/explanation/security.md").read_text(encoding="utf-8").partition("|---|---|---|\n")[2]
    rows = re.findall(r'^\| (.+) \| .+ \| \[(\S+)\]\(\.\./\.\./(\S+) "(\w+)"\) \|$', table, flags=re.MULTILINE)
    assert len(rows) == table.count("\n") > 20, "a row is not in the form of the others"
    for attack, shown, path, name in rows:
        assert shown == path, attack
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), attack


def test_the_page_of_features_says_how_many_conformance_tests_there_are():
    command = [sys.executable, "-m", "pytest", "tests/conformance", "--confcutdir=tests/conformance"]
    options = ["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    count = len(re.findall(r"^tests/conformance/\S+::", done.stdout, flags=re.MULTILINE))
    assert count > 100
    assert f"\n{count} tests, over HTTP alone" in FEATURES.read_text(encoding="utf-8")


def test_the_conformance_tests_import_nothing_of_the_program():
    for path in (ROOT / "tests" / "conformance").glob("*.py"):
        assert not re.search(r"^\s*(from|import) fleetlane", path.read_text(encoding="utf-8"), flags=re.MULTILINE), path
