"""Redacted UI trees: nothing that a person may have written, wherever an app puts it."""

from __future__ import annotations

import pytest

from fleetlane.core.screens.redaction import REMOVED, redacted_tree
from fleetlane.core.screens.screen import parse_tree

NODE = (
    '<node index="0" text="" resource-id="com.zhiliaoapp.musically:id/desc" class="android.widget.EditText" '
    'package="com.zhiliaoapp.musically" content-desc="" checkable="false" bounds="[-8,0][1080,2400]"{more}>'
    "{inner}</node>"
)
SECRET = "my secret caption"
SHY = '<hierarchy rotation="0">{}</hierarchy>'


def tree(more="", inner=""):
    return SHY.format(NODE.format(more=more, inner=inner))


def test_what_phones_say_of_every_screen_stays_as_it_is():
    xml = tree(inner=NODE.format(more="", inner="").replace("></node>", " />"))
    assert parse_tree(redacted_tree(xml)).nodes[0].id == "desc"
    assert redacted_tree(xml).count(REMOVED) == 0
    assert 'bounds="[-8,0][1080,2400]"' in redacted_tree(xml)


@pytest.mark.parametrize(
    "place",
    ["text", "content-desc", "hint", "class", "package", "resource-id", "bounds", "index", "checked", "rotation"],
)
@pytest.mark.parametrize(
    "secret", [SECRET, "geheim", "[0,0][1,1] geheim", "com.x:id/geheim!", "geheim:id/x y", "0049123456"]
)
def test_a_text_in_any_attribute_is_removed(place, secret):
    xml = SHY.format(f'<node {place}="{secret}"><node /></node>')
    assert secret not in redacted_tree(xml)
    assert redacted_tree(xml).count(REMOVED) == 1


@pytest.mark.parametrize(
    "xml",
    [
        SHY.format("<geheim />"),
        SHY.format('<node geheim="1" />'),
        SHY.format("<node>geheim</node>"),
        SHY.format("<node /> geheim"),
        SHY.format("<!-- geheim --><node />"),
        SHY.format("<?geheim geheim?><node />"),
        SHY.format('<node xmlns:a="http://geheim/" a:geheim="geheim" />'),
        '<hierarchy geheim="geheim"><node /></hierarchy>',
    ],
)
def test_a_text_in_names_of_tags_and_attributes_or_between_them_is_removed(xml):
    assert "geheim" not in redacted_tree(xml)
    assert len(parse_tree(redacted_tree(xml)).nodes) == 1


def test_a_tree_deeper_than_the_interpreters_stack_is_redacted():
    deep = SHY.format("<node text='geheim'>" * 40_000 + "</node>" * 40_000)
    redacted = redacted_tree(deep)
    assert (redacted.count(REMOVED), "geheim" in redacted) == (40_000, False)


def test_what_is_written_is_read_as_it_was():
    xml = SHY.format('<node bounds="[0,0][9,9]" checked="true"><node class="a.B" /><node /></node><node />')
    assert redacted_tree(xml) == xml
