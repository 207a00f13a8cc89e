"""Acts as data: each comes out as it went in, and nothing else is ever taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core import errors
from fleetlane.core.checkup import TITLES, Grade, Row
from fleetlane.core.errors import (
    ActRefusedError,
    ConflictError,
    DeviceError,
    DeviceGoneError,
    FieldError,
    HostAwayError,
    InvalidParametersError,
    RepeatError,
    ShareLostError,
    TaskStoppedError,
)
from fleetlane.core.message import Message, verbatim
from fleetlane.core.ports.execution import Act
from fleetlane.core.ports.phone import PhoneReport
from fleetlane.work.phones import act_codec, acts, gestures
from fleetlane.work.phones.act_codec import decode, decode_reply, encode, encode_reply
from fleetlane.work.phones.acts import CheckUp, ReadScreen, Report, ShownTree, TakePicture
from fleetlane.work.phones.error_codec import UNFORESEEN, decode_error, encode_error
from fleetlane.work.phones.gestures import KEYS, MOST_TEXT, LongTap, PicturePoint, Press, Swipe, Tap, TypeText

parts = st.floats(0, 1)
spots = st.builds(PicturePoint, parts, parts, st.booleans())
texts = st.text(max_size=30)
whole = st.none() | st.integers(0, 2**40)
names = st.from_regex(r"[a-z0-9_.]{1,40}", fullmatch=True)
sizes = st.tuples(st.integers(1, 9999), st.integers(1, 9999))
messages = st.builds(verbatim, texts) | st.builds(
    lambda fact, at: Message("%(app)s since %(at)s.", {"app": fact, "at": at}), texts, st.just(datetime.now(UTC))
)
rows = st.builds(
    Row, st.sampled_from([*TITLES]), st.sampled_from(Grade), messages, messages, st.dictionaries(texts, whole), texts
)
ACTS = st.one_of(
    st.builds(Tap, spots),
    st.builds(LongTap, spots),
    st.builds(Swipe, spots, spots),
    st.builds(Press, st.sampled_from(KEYS)),
    st.builds(TypeText, st.text(min_size=1, max_size=MOST_TEXT // 100)),
    st.builds(TakePicture, st.integers(1, acts.WIDEST)),
    st.just(ReadScreen()),
    st.just(CheckUp()),
    st.builds(Report, st.lists(names, max_size=4).map(tuple)),
)
RESULTS = {
    TakePicture: st.binary(min_size=1),
    ReadScreen: st.builds(ShownTree, st.text(), sizes),
    CheckUp: st.lists(rows, max_size=3),
    Report: st.builds(PhoneReport, texts, texts, texts, sizes, whole, whole, st.dictionaries(names, texts)),
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ROW = {"name": "app", "grade": "ok", "value": "", "sentence": "", "measured": {}, "about": ""}
PLAIN = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, DeviceError) and one.__init__ is DeviceError.__init__
]


def sent(values):
    return json.loads(json.dumps(values))


def every(base):
    """Return all classes of acts."""
    below = [deeper for one in base.__subclasses__() for deeper in every(one)]
    return below or [base]


def test_every_kind_of_act_can_be_sent():
    kinds = [one.kind for one in every(Act) if one.__module__ in (acts.__name__, gestures.__name__)]
    assert sorted(set(kinds)) == sorted(act_codec._VERBS)


@given(ACTS)
def test_an_act_comes_out_as_it_went_in(act):
    assert decode(sent(encode(act))) == act


@given(st.data())
def test_a_result_comes_out_as_it_went_in(data):
    act = data.draw(ACTS)
    result = data.draw(RESULTS.get(type(act), st.none()))
    body, attachment = encode_reply(act, result)
    assert decode_reply(act, sent(body), attachment) == result


@given(json_values)
def test_what_is_no_act_is_refused(values):
    with pytest.raises(ActRefusedError):
        decode(values)


@given(st.data())
def test_an_act_with_anything_wrong_is_refused_or_means_what_it_says(data):
    values = sent(encode(data.draw(ACTS)))
    place = data.draw(st.sampled_from([values, *(one for one in values.values() if isinstance(one, dict))]))
    place[data.draw(st.sampled_from([*place]) | st.text(max_size=8))] = data.draw(json_values)
    try:
        act = decode(values)
    except ActRefusedError:
        return
    assert sent(encode(act)) == values


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "reboot"},
        {"kind": "press", "key": "power"},
        {"kind": "press", "key": "back", "times": 2},
        {"kind": "press"},
        {"kind": "tap", "spot": {"x": 0.5, "y": 0.5}},
        {"kind": "tap", "spot": {"x": True, "y": 0.5, "wide": False}},
        {"kind": "tap", "spot": {"x": float("nan"), "y": 0.5, "wide": False}},
        {"kind": "tap", "spot": {"x": 10**400, "y": 0.5, "wide": False}},
        {"kind": "type", "text": ""},
        {"kind": "type", "text": "x" * (MOST_TEXT + 1)},
        {"kind": "take_picture", "width": 10**9},
        {"kind": "take_picture", "width": 1.5},
        {"kind": "report", "packages": ["com.x; reboot"]},
        {"kind": "report", "packages": ["x"] * 1001},
        {"kind": "report", "packages": "com.x"},
        {"kind": ["tap"]},
        [],
    ],
    ids=str,
)
def test_a_host_does_not_what_it_does_not_wholly_understand(wrong):
    with pytest.raises(ActRefusedError, match="Run the same version"):
        decode(wrong)


@given(st.sampled_from([Press("back"), TakePicture(9), ReadScreen(), CheckUp(), Report(())]), json_values, st.binary())
def test_an_answer_that_is_none_is_an_error_of_the_phone(act, values, attachment):
    body = {"result": values}
    with pytest.raises(DeviceError, match="same version"):
        decode_reply(act, body, attachment)
    with pytest.raises(DeviceError):
        decode_reply(act, {"error": values}, attachment)


@pytest.mark.parametrize(
    ("act", "body", "attachment"),
    [
        (TakePicture(9), {}, b""),
        (ReadScreen(), {"size": [1]}, b"<x/>"),
        (ReadScreen(), {"size": [1, 0]}, b"<x/>"),
        (ReadScreen(), {"size": [1, 1]}, b"\xff\xff"),
        (CheckUp(), {"rows": [ROW | {"name": "new"}]}, b""),
        (CheckUp(), {"rows": [ROW | {"grade": "x"}]}, b""),
        (CheckUp(), {"rows": [ROW | {"value": {"template": "%d", "facts": {}}}]}, b""),
        (CheckUp(), {"rows": [ROW | {"measured": []}]}, b""),
        (CheckUp(), {"rows": ROW}, b""),
    ],
)
def test_half_an_answer_is_none(act, body, attachment):
    with pytest.raises(DeviceError, match="same version"):
        decode_reply(act, body, attachment)


# -- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        *(one("It failed, in 你好.", serial="a") for one in PLAIN),
        ShareLostError(["am", "start"], 0, "x" * 300, serial="a"),
        TaskStoppedError("something else comes first on this phone"),
        ConflictError("A task runs.", {"task_id": 5}),
        ConflictError("A task runs."),
        InvalidParametersError([FieldError("x", "is wrong"), FieldError("y", "too")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_as_what_it_was(error):
    back = decode_error(sent(encode_error(error)))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@pytest.mark.parametrize(
    ("error", "back"),
    [
        (RepeatError("Twice.", 5, []), ConflictError("Twice.", {"task_id": 5, "repeats": []})),
        (HostAwayError("rack2"), DeviceError(str(HostAwayError("rack2")))),
        (type("NewerError", (DeviceGoneError,), {})("Gone.", serial="a"), DeviceGoneError("Gone.", serial="a")),
        (ValueError("/home/secret"), DeviceError(UNFORESEEN)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_kind_that_is_not_sent_comes_back_as_the_kind_it_is_of(error, back):
    found = decode_error(sent(encode_error(error)))
    assert type(found) is type(back)
    assert str(found) == str(back)


def test_an_error_that_only_the_host_knows_keeps_its_sentence():
    error = decode_error({"error": "MeltedError", "sentence": "It is too hot.", "serial": "a"})
    assert type(error) is DeviceError
    assert str(error) == "It is too hot."


@given(json_values | st.dictionaries(st.sampled_from(["error", "sentence", "serial", "data", "fields"]), json_values))
def test_whatever_tells_of_an_error_gives_one(values):
    assert isinstance(decode_error(values), errors.FleetlaneError)


def test_what_is_typed_is_in_no_text_about_the_act():
    assert "secret" not in repr(TypeText("secret"))
