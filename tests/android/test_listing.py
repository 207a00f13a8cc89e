"""What adb lists, in its own words."""

from __future__ import annotations

import pytest

from fleetlane.adapters.android.asking import identity_of
from fleetlane.adapters.android.listing import Listed, listed
from fleetlane.core.device import NOT_READY, Device, DeviceState, why_not_ready
from fleetlane.core.errors import CallLostError, DeviceGoneError
from fleetlane.core.phones import Identity

NO_RIGHT = "no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com/x]"
ANSWER = "R58\n1\nsamsung\nsamsung\nSM-A175F\na17\na17\n3F1C9A0B7D2E4C58\nthat is all\n"


MDNS, LONG = "adb-R5 (2)._adb-tls-connect._tcp", "a-serial-that-is-longer-than-22"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("R58N12ABCDE            device usb:1-2 product:a model:b transport_id:7", ("R58N12ABCDE", "device", 7, True)),
        ("127.0.0.1:5555         offline transport_id:3", ("127.0.0.1:5555", "offline", 3, False)),
        (f"R58                    {NO_RIGHT} usb:1-2 transport_id:7", ("R58", NO_RIGHT, 7, True)),
        (f"{MDNS} device product:a transport_id:9", (MDNS, "device", 9, False)),
        (f"{LONG} strange usb:1-1 transport_id:2", (LONG, "strange", 2, True)),
        ("R58\trecovery", ("R58", "recovery", None, False)),
        (f"R58\t{NO_RIGHT}", ("R58", NO_RIGHT, None, False)),
    ],
)
def test_a_line_is_a_transport_in_the_long_and_in_the_short_listing(line, wanted):
    assert listed(line + "\n") == [Listed(*wanted)]


@pytest.mark.parametrize(
    "words",
    [
        NO_RIGHT,
        "recovery",
        "sideload",
        "bootloader",
        "authorizing",
        "connecting",
        "host",
        "rescue",
        "unauthorized",
        "odd",
    ],
)
def test_each_state_of_adb_has_a_sentence_and_a_cure_of_its_own(words):
    state = DeviceState.from_adb(words)
    sentence = str(why_not_ready("R58", Device("R58", state, 0, {"words": words})))
    assert "offline" not in sentence
    assert "cable" not in sentence
    assert "R58" in sentence
    assert ";" in sentence, "what helps"
    assert list(NOT_READY.values()).count(NOT_READY[state]) == 1


def test_a_whole_answer_is_an_identity():
    assert identity_of(ANSWER, "R58") == Identity("R58", "samsung/samsung/SM-A175F/a17/a17", "3f1c9a0b7d2e4c58")


def test_one_that_says_nothing_of_itself_is_known_by_its_serial_only():
    silent = ANSWER.replace("R58\n", "\n", 1).replace("3F1C9A0B7D2E4C58", "null")
    assert identity_of(silent, "one").is_same(identity_of(silent, "one"))
    assert not identity_of(silent, "one").is_same(identity_of(silent, "two"))


@pytest.mark.parametrize("cut", [ANSWER[:30], "", ANSWER[:-3]])
def test_an_answer_that_was_cut_off_is_none(cut):
    with pytest.raises(CallLostError):
        identity_of(cut, "R58")


def test_a_phone_that_has_not_started_is_asked_again():
    with pytest.raises(DeviceGoneError, match="starting"):
        identity_of(ANSWER.replace("\n1\n", "\n\n", 1), "R58")
