"""What `core.ports.phone.Driver` says of typing, on simulated phones with a page that has a field.

Ideal ones: how an app comes to such a page, and what may lie over it there, is the flow's matter.
"""

from __future__ import annotations

import pytest

from contracts.phones import IDEAL, tree_of
from fleetlane.core.ports.phone import TYPING_WAYS
from fleetlane.core.screens.dumped import as_dumped

TIKTOK = "com.zhiliaoapp.musically"
TEXT = "看看我的新视频！#热门 #推荐\nsecond line <&\"'> 👩‍👩‍👧 ok"


@pytest.fixture(scope="module", params=IDEAL)
def phone(request):
    with request.param() as phone:
        yield phone


def field(driver):
    return next((node for node in tree_of(driver).nodes if node.class_name.endswith("EditText")), None)


def open_post_page(link):
    phone = link.phone
    app = phone.apps[TIKTOK]
    phone.stop_app(app.package.name)
    app.running = True
    phone.foreground = app
    app.stack = ["post"]
    app._moving = False
    app._interactive_at_s = app._shown_at_s = 0.0
    phone.touch()


@pytest.mark.parametrize("way", TYPING_WAYS)
@pytest.mark.parametrize("once", [False, True])
def test_any_text_is_typed_exactly_where_it_was_tapped(phone, driver, way, once):
    phone.on(open_post_page)
    phone.until(lambda: field(driver))
    tap = driver.tap_once if once else driver.tap
    tap(*field(driver).bounds.center)
    driver.clear_text()
    driver.type_text("to be cleared", way)
    driver.clear_text()
    driver.type_text(TEXT, way)
    shown = field(driver)
    assert shown.text == TEXT
    shown.text = as_dumped(TEXT)  # as a real phone's tree shows it
    assert "👩" not in shown.text
    assert driver.whole_text(shown) == TEXT
    shown.text = "something else"
    assert driver.whole_text(shown) is None
