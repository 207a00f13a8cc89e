"""Options nobody knows, by the schemas of scripts of others, too."""

from __future__ import annotations

import pytest

from fleetlane.work.tasks.options import is_empty, unknown_fields, unknown_options

NESTED = {
    "type": "object",
    "properties": {
        "caption": {"type": "string"},
        "sound": {"$ref": "#/$defs/Sound"},
        "links": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Sound"}, {"type": "null"}]}},
        "free": {"type": "object"},
    },
    "$defs": {"Sound": {"type": "object", "properties": {"name": {"type": "string"}}}},
}


def refused(schema, config):
    return [error.field for error in unknown_options("guest", schema, config, refuse=True).errors]


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", "  ", [], {}, [None, ""], {"a": [{"b": 0}]}], ids=repr)
def test_what_asks_for_nothing_is_only_told_of(value):
    assert is_empty(value)
    found = unknown_options("guest", NESTED, {"new": value}, refuse=True)
    assert (found.errors, [issue.field for issue in found.issues]) == ([], ["script_config.new"])


@pytest.mark.parametrize("value", [1, -1, True, "0", "no", [0, 1], {"a": {"b": " x"}}, 0.1], ids=repr)
def test_what_asks_for_something_is_refused(value):
    assert refused(NESTED, {"new": value}) == ["script_config.new"]


def test_keys_are_looked_at_at_any_depth_that_the_schema_describes():
    config = {"sound": {"name": "x", "volume": 5}, "links": [{"name": "y"}, {"nmae": "z"}], "free": {"any": 1}}
    assert refused(NESTED, config) == ["script_config.links.1.nmae", "script_config.sound.volume"]


@pytest.mark.parametrize("more", [{"additionalProperties": True}, {"patternProperties": {"^x_": {}}}], ids=str)
def test_a_schema_that_takes_other_keys_knows_them_all(more):
    assert refused({**NESTED, **more}, {"new": 1}) == []


def test_a_schema_without_properties_knows_none():
    assert refused({"type": "object"}, {"new": 1}) == ["script_config.new"]


def test_for_old_clients_everything_is_only_told_of():
    assert not unknown_options("guest", NESTED, {"new": 1}, refuse=False).errors
    assert not unknown_fields({"publish_time": "10:00"}, (), refuse=False).errors


def test_the_nearest_name_is_told():
    [error] = unknown_options("guest", NESTED, {"Captoin": "x"}, refuse=True).errors
    assert "was caption meant?" in error.message
    [error] = unknown_fields({"startAt": "x"}, {"start_at"}, refuse=True).errors
    assert "was start_at meant?" in error.message
