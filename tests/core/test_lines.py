"""What ends a line of what people write, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.captions import CaptionFormat, draw, guess_format, split_title
from fleetlane.core.lines import lines_of, names_of, trimmed, with_plain_ends

INSIDE = ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x1d", "\x1e"]


@pytest.mark.parametrize("sign", INSIDE)
def test_only_lf_crlf_and_cr_end_a_line(sign):
    caption = f"First half{sign}second half{sign}"
    assert lines_of(f"one\r\n{caption}\rthree\n\n \t\nfour") == ["one", caption, "three", "four"]
    assert trimmed(f" \r\n{caption}\n") == caption


@pytest.mark.parametrize("sign", INSIDE)
@pytest.mark.parametrize("form", [*CaptionFormat, None])
def test_a_caption_is_drawn_whole_whatever_separators_it_holds(sign, form):
    caption = f"First half{sign}second half{sign}"
    assert draw(caption, form or guess_format(caption), 0, 1) == caption
    assert split_title(f"title{sign} ## {caption}").whole == f"title{sign}\n{caption}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", [CaptionFormat.PLAIN, CaptionFormat.SPINTAX])
def test_each_end_of_a_line_is_one_line_break_of_the_caption(end, form):
    assert draw(f"one{end}two{end}{end}four", form, 0, 1) == "one\ntwo\n\nfour"


def test_names_stand_without_anything_blank_around_them():
    assert names_of("serial-1\u2028\r\n\u00a0serial 2\t\n\x0c\n") == ["serial-1", "serial 2"]


@given(st.text())
def test_nothing_but_ends_of_lines_and_blanks_around_them_is_lost(text):
    plain = with_plain_ends(text)
    assert "\r" not in plain
    kept = [line.strip(" \t") for line in plain.split("\n")]
    assert lines_of(text) == [line for line in kept if line.strip()]
