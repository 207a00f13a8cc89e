from __future__ import annotations

import pytest

from fleetlane.core.address import canonical_address, is_address


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("127.0.0.1:5555", "127.0.0.1:5555"),
        ("127.1:5555", "127.0.0.1:5555"),
        ("0x7f.1:5555", "127.0.0.1:5555"),
        ("127.0.0.1:05555", "127.0.0.1:5555"),
        (" 10.0.0.1:5555 ", "10.0.0.1:5555"),
        ("LOCALHOST:5555", "localhost:5555"),
        ("[::1]:5555", "[::1]:5555"),
        ("[0:0:0:0:0:0:0:1]:05555", "[::1]:5555"),
        ("[fe80::1%eth0]:5555", "[fe80::1%eth0]:5555"),
        ("[::ffff:10.0.0.5]:5555", "10.0.0.5:5555"),
    ],
)
def test_all_spellings_of_an_address_are_one(text, canonical):
    assert canonical_address(text) == canonical
    assert is_address(canonical)


@pytest.mark.parametrize(
    "text", ["", "host", "1.2.3.4:0", "1.2.3.4:70000", "999.1.1.1:5", "::1:5555", "[x]:1", "a b:1"]
)
def test_what_is_no_address(text):
    assert canonical_address(text) is None


@pytest.mark.parametrize("serial", ["R58", "adb-R58-x._adb-tls-connect._tcp", "adb (2)._tcp:1"])
def test_what_cannot_be_connected_again(serial):
    assert not is_address(serial)
