from __future__ import annotations

import pytest

from fleetlane.scripts.packs import load_packs
from support.trees import cases_from_facts, package_of, seen

CASES = cases_from_facts()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['app']}-{case['screen']}-{case['why']}")
def test_a_screen_built_from_facts_gets_its_name(case):
    assert seen((case["nodes"], package_of(case))) == f"{case['app']} {case['screen']}"


def test_the_facts_cover_every_screen_of_the_packs():
    built = {(case["app"], case["screen"]) for case in CASES}
    known = {(pack.app, rule.name) for pack in load_packs() for rule in pack.screens if not rule.unverified}
    assert known - built == set()
