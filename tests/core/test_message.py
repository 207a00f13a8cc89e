"""Sentences that pages translate: filled in English and in another language, and kept as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fleetlane.core.message import Message, verbatim


def test_in_english_a_time_is_as_in_the_api():
    at = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    sentence = Message("its start at %(at)s on %(serial)s", {"at": at, "serial": "a"})
    assert str(sentence) == "its start at 2026-03-01T14:30:00.000+00:00 on a"
    italian = {"its start at %(at)s on %(serial)s": "su %(serial)s alle %(at)s"}
    assert sentence.filled(italian.__getitem__, lambda at: f"{at:%H:%M}") == "su a alle 14:30"


@pytest.mark.parametrize(
    "message",
    [
        Message("The app crashed."),
        Message("Published on @%(account)s.", {"account": "100 %(account)s"}),
        Message("at %(at)s", {"at": datetime(2026, 3, 1, 14, 30, 1, 234000, tzinfo=timezone(timedelta(hours=8)))}),
        verbatim("The app crashed."),
        verbatim("100 %"),
    ],
)
def test_what_is_kept_as_json_is_read_back(message):
    assert Message.of_json(json.loads(json.dumps(message.as_json()))) == message


def test_only_facts_that_the_template_names_are_kept():
    kept = Message("device %(serial)s", {"serial": "a", "words": "else"}).as_json()
    assert kept == {"template": "device %(serial)s", "facts": {"serial": "a"}}


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        ["The app crashed."],
        {"facts": {}},
        {"template": ""},
        {"template": 7, "facts": {}},
        {"template": "%(days)s d", "facts": {}},
        {"template": "%(days)s d", "facts": {"days": "1", "hours": "2"}},
        {"template": "%(days)s d", "facts": {"days": 1}},
        {"template": "%(days)s d", "facts": {"days": {"at": "yesterday"}}},
        {"template": "%(days)s d", "facts": ["1"]},
        {"template": "%(days)999999999s d", "facts": {"days": "1"}},
        {"template": "100 %", "facts": {}},
        {"template": "%s", "facts": {}},
    ],
)
def test_what_is_no_kept_message_is_refused(kept):
    with pytest.raises(ValueError, match=r"."):
        Message.of_json(kept)
