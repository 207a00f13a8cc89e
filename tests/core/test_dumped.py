from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.screens.dumped import as_dumped, may_hide, sure_start


def by_unit(text):
    """The rule of u2.jar 0.4.1, unit by unit, as its code says it."""
    refused = [(0x0, 0x8), (0xB, 0xC), (0xE, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xD800, 0xDFFF)]
    refused += [(0xFDD0, 0xFDDF), (0xFFFE, 0xFFFF)]
    data = text.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    return "".join("." if any(a <= unit <= b for a, b in refused) else chr(unit) for unit in units)


@given(st.text())
def test_a_text_is_shown_as_the_automation_server_writes_it(text):
    assert as_dumped(text) == by_unit(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("New drop \U0001f525 today", "New drop .. today"),
        ("\U0001d401\U0001d428\U0001d425\U0001d41d", "........"),
        ("\U00020bb7野家", "..野家"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "..\u200d..\u200d.."),
        ("plain, 中文, ёлка ❤ …", "plain, 中文, ёлка ❤ …"),
    ],
)
def test_emoji_maths_letters_and_rare_characters_are_dots(text, shown):
    assert as_dumped(text) == shown


@given(st.text())
def test_only_a_dot_may_hide_something_and_what_is_before_it_is_sure(text):
    shown = as_dumped(text)
    assert may_hide(shown) or shown == text
    assert text.startswith(sure_start(shown))
