from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.captions import Caption, CaptionFormat, draw, guess_format, spin, split_title


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("hello", CaptionFormat.PLAIN),
        ("", CaptionFormat.PLAIN),
        ("one\n", CaptionFormat.PLAIN),
        ("one\ntwo", CaptionFormat.MULTILINE),
        ("{a|b}", CaptionFormat.SPINTAX),
        ("one {a|b}\ntwo", CaptionFormat.SPINTAX),
        ("{no group}", CaptionFormat.PLAIN),
    ],
)
def test_the_format_is_guessed_when_none_is_named(written, form):
    assert guess_format(written) is form


def test_lines_are_used_in_turn_over_a_batch_and_begin_again():
    lines = "one\n\n  two ### more\nthree"
    drawn = [draw(lines, CaptionFormat.MULTILINE, position, 1) for position in range(4)]
    assert drawn == ["one", "two \n more", "three", "one"]
    assert draw("\n \n", CaptionFormat.MULTILINE, 0, 1) == ""


def test_a_draw_is_the_same_for_the_same_seed_and_varies_over_seeds():
    template = "{Hi|Hello|Hey} {you|{dear|good} friend}\nsecond line"
    drawn = {spin(template, seed) for seed in range(200)}
    assert {text.split("\n")[0] for text in drawn} == {
        f"{a} {b}" for a in ("Hi", "Hello", "Hey") for b in ("you", "dear friend", "good friend")
    }
    assert spin(template, 7) == spin(template, 7)
    assert all(text.endswith("\nsecond line") for text in drawn)


@pytest.mark.parametrize("text", ["{", "}", "{a", "a|b", "{}", "{a}", "{{a}", "a } b { c"])
def test_braces_that_are_no_group_stay(text):
    assert spin(text, 1) == text


@given(st.text(alphabet="{}|ab \n", max_size=60), st.integers(0, 2**62))
def test_any_template_is_drawn_to_an_end_without_groups_left(template, seed):
    assert guess_format(spin(template, seed)) is not CaptionFormat.SPINTAX


def test_a_title_is_split_off_at_two_signs_but_not_at_one_or_three():
    assert (split_title("My title ## my text").title, split_title("My title ## my text").text) == (
        "My title",
        "my text",
    )
    for text in ("#one tag", "a ### b", "plain"):
        assert split_title(text) == Caption(text)
    assert split_title("T ## text").whole == "T\ntext"
