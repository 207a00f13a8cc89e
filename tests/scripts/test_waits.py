"""How pauses between looks grow: by what a look costs."""

from __future__ import annotations

import pytest

from fleetlane.scripts.waits import grown


def after(pauses, look_s, longest_s):
    pause_s = 0.1
    for _ in range(pauses):
        pause_s = grown(pause_s, 1.3, longest_s, look_s)
    return pause_s


@pytest.mark.parametrize(
    ("look_s", "longest"),
    [(0.0, 0.08), (0.01, 0.08), (0.1, 0.5), (1.0, 5.0), (3.0, 5.0)],
)
def test_the_longest_pause_is_a_few_looks_and_never_more_than_on_an_ordinary_phone(look_s, longest):
    assert after(50, look_s, 5.0) == pytest.approx(longest)


def test_a_pause_grows_step_by_step():
    assert [after(n, 1.0, 5.0) for n in range(3)] == pytest.approx([0.1, 0.13, 0.169])
