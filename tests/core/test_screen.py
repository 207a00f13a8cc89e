from __future__ import annotations

import pytest

from fleetlane.core.screens.screen import Bounds, normalise, parse_tree


def tree(inner: str, **options):
    return parse_tree(f'<hierarchy rotation="0">{inner}</hierarchy>', **options)


def test_nodes_keep_order_parents_and_short_ids():
    parsed = tree('<node resource-id="com.x:id/a" bounds="[0,0][10,20]"><node text="b" bounds="[1,1][2,2]"/></node>')
    outer, inner = parsed.nodes
    assert (outer.id, outer.id_package, outer.bounds) == ("a", "com.x", Bounds(0, 0, 10, 20))
    assert inner.parent is outer
    assert outer.children == [inner]


def test_pages_kept_beside_the_screen_are_not_visible():
    parsed = tree(
        '<node text="on" bounds="[0,0][100,200]"/><node text="left" bounds="[-2796,0][-100,50]"/>'
        '<node text="right" bounds="[80,0][220,50]"/><node text="above" bounds="[0,-60][50,-10]"/>'
        '<node text="empty" bounds="[5,5][5,5]"/>',
        size=(100, 200),
    )
    assert [node.text for node in parsed.visible()] == ["on"]


@pytest.mark.parametrize(("rotation", "seen"), [(0, False), (1, True), (2, False), (3, True)])
def test_a_screen_turned_a_quarter_is_as_wide_as_the_phone_is_high(rotation, seen):
    parsed = parse_tree(
        f'<hierarchy rotation="{rotation}"><node text="right" bounds="[150,10][190,90]"/></hierarchy>', size=(100, 200)
    )
    assert (parsed.width, parsed.height) == ((200, 100) if seen else (100, 200))
    assert bool(list(parsed.visible())) is seen


def test_without_a_size_the_bounds_say_how_the_screen_lies():
    parsed = parse_tree('<hierarchy rotation="1"><node bounds="[0,0][2400,1080]"/></hierarchy>')
    assert (parsed.width, parsed.height) == (2400, 1080)


def test_a_raw_resource_number_is_no_label():
    assert tree('<node content-desc="@2131954894" bounds="[0,0][1,1]"/>').nodes[0].desc == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "<html/>",
        "<hierarchy>",
        '<!DOCTYPE x [<!ENTITY a "b">]><hierarchy/>',
        "\0",
        "<hierarchy><node></hierarchy>",
    ],
)
def test_what_is_no_tree_is_refused(text):
    with pytest.raises(ValueError, match="UI tree"):
        parse_tree(text)


def test_a_tree_deeper_than_the_interpreters_stack_is_read():
    depth = 5000
    parsed = tree('<node text="x" bounds="[0,0][1,1]">' * depth + "</node>" * depth)
    assert len(parsed.nodes) == depth


def test_texts_are_compared_without_case_quotes_and_compatibility_forms():
    assert normalise("  Don’t  ALLOW… ") == normalise("don't allow...")
