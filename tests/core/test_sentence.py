"""Sentences that pages translate: filled in English, and found again in a remark."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleetlane.core.message import Message, found_in
from fleetlane.core.outcome import FAILURES, REMARKS, Remark, failed


def test_in_english_a_time_is_as_in_the_api():
    at = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    sentence = Message("its start at %(at)s on %(serial)s", {"at": at, "serial": "a"})
    assert str(sentence) == "its start at 2026-03-01T14:30:00.000+00:00 on a"
    italian = {"its start at %(at)s on %(serial)s": "su %(serial)s alle %(at)s"}
    assert sentence.filled(italian.__getitem__, lambda at: f"{at:%H:%M}") == "su a alle 14:30"


@pytest.mark.parametrize("code", FAILURES)
def test_each_remark_of_a_failure_is_taken_apart_again(code):
    [sentence], rest = found_in(failed(code, "in detail: 7").remark, REMARKS)
    assert (sentence.template, rest) == (FAILURES[code].sentence, "in detail: 7")


def test_a_remark_of_several_sentences_is_taken_apart():
    found, rest = found_in(f"{Remark.UNSEEN} {Remark.LOOKED_FOR}", REMARKS)
    assert ([sentence.template for sentence in found], rest) == ([Remark.UNSEEN, Remark.LOOKED_FOR], "")
    [published], rest = found_in(Remark.PUBLISHED % {"account": "the.shop_1"}, REMARKS)
    assert (published.template, published.facts, rest) == (Remark.PUBLISHED, {"account": "the.shop_1"}, "")


@pytest.mark.parametrize("text", ["", "something else", "The app crashed.But not so", "100 %(account)s"])
def test_what_is_not_known_stays_as_it_is(text):
    assert found_in(text, REMARKS) == ([], text)
