"""How many calls a post makes on a phone as real ones are: each costs a second there. Counts, not times."""

from __future__ import annotations

import statistics

import pytest

from support.counting import counted_posts
from support.virtual import like

MOST_CALLS = 60
MOST_OF_THE_FIRST = 80
PHONES, POSTS = 2, 4


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_a_post_makes_few_calls_besides_the_looks_while_an_upload_or_the_grid_is_waited_for(app):
    ends = [end for seed in range(PHONES) for end in counted_posts(like("real"), POSTS, seed, platform=app)]
    assert [outcome.error_code for outcome, _ in ends] == [None] * PHONES * POSTS
    counts = [kinds.total() - kinds["waiting"] for _, kinds in ends]
    assert statistics.median(counts) <= MOST_CALLS, counts
    assert max(counts[::POSTS]) <= MOST_OF_THE_FIRST, counts


def test_what_is_known_of_a_phone_is_not_asked_for_again():
    [(_, first), (_, second)] = counted_posts(like("real"), 2)
    assert second["shell, JVM"] <= first["shell, JVM"] - 3  # its size and user, permissions, what starts the app
    assert second["file"] == 1  # the video; the automation server is there
