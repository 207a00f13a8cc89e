"""The floors of coverage hold what was reached: what fell is named, and they only rise."""

from __future__ import annotations

import importlib.util

import pytest

from support.rig import ROOT


@pytest.fixture(scope="module")
def floors():
    spec = importlib.util.spec_from_file_location("coverage_floors", ROOT / "tools" / "coverage_floors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_part_under_its_floor_is_named_and_one_well_above_it_can_rise(floors):
    measured = {"a/": {"lines": 89.99, "branches": 90.0}, "b/": {"lines": 96.2, "branches": 90.9}}
    low, high = floors.compare(measured, {part: {"lines": 90, "branches": 90} for part in measured})
    assert low == ["a/: 89.99 % of the lines are run by the tests, under the floor of 90 %."]
    assert high == ["b/: the floor of the lines can rise from 90 to 96 %: --raise"]


def test_floors_rise_and_never_fall(floors):
    measured = {"a/": {"lines": 89.99, "branches": 93.7}}
    assert floors.raised(measured, {"a/": {"lines": 90, "branches": 90}}) == {"a/": {"lines": 90, "branches": 93}}
