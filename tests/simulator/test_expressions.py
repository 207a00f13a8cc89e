"""Expressions of app models: what they see, what they may not do, and that none sees what another one left."""

from __future__ import annotations

import pytest
from jinja2 import TemplateError
from jinja2.exceptions import SecurityError, UndefinedError

from fleetlane.simulator.models.expressions import Values, compile_expression, compile_text


@pytest.mark.parametrize("values", [{"a": 2, "b": "x"}, Values({"a": 2, "b": "x"})])
def test_an_expression_and_a_text_are_evaluated_with_values_of_either_kind(values):
    assert compile_expression("a * 3")(values) == 6
    assert compile_expression("nobody")(values) is None
    assert compile_text("{{ b }} and {{ a }}")(values) == "x and 2"


def test_one_form_of_the_values_serves_many_expressions_and_keeps_nothing_of_them():
    values = Values({"a": 1})
    form = values.form
    assert compile_expression("a + 1")(values) == 2
    assert compile_expression("result")(values) is None
    assert compile_text("{% set a = 5 %}{{ a }}")(values) == "5"
    assert compile_expression("a")(values) == 1
    assert values.form is form


def test_more_values_go_before_and_leave_the_others_alone():
    values = Values({"a": 1, "b": 2})
    within = values.more({"a": 7})
    assert (compile_expression("a + b")(within), compile_expression("a + b")(values)) == (9, 3)
    assert values.more({}) is values


def test_search_finds_what_holds_every_word():
    found = compile_expression('matching(songs, "name", asked)')
    songs = [{"name": "Night Drive"}, {"name": "Sunny Day"}]
    assert found({"songs": songs, "asked": "drive night"}) == [songs[0]]


@pytest.mark.parametrize("written", ["a) %}{% set b = (1", "a b", "a +", ""])
def test_what_is_no_expression_is_refused(written):
    with pytest.raises(TemplateError):
        compile_expression(written)


def test_an_expression_stays_in_its_sandbox():
    with pytest.raises(SecurityError):
        compile_text('{{ "".__class__.__mro__ }}')({})
    with pytest.raises(UndefinedError):
        compile_text("{{ nobody }}")({})
