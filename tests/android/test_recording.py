from __future__ import annotations

import itertools
import json
import random
import struct

import pytest

from fleetlane.adapters.android.blanked import SERIAL, blanked
from fleetlane.adapters.android.conversations import MOST_TEXT_BYTES, Conversation
from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.transcript import Exchange

TREE = '<hierarchy><node text="my secret" bounds="[0,0][9,9]" /></hierarchy>'


def block(text):
    return f"{len(text):04x}{text}".encode()


def to_phone(service):
    return [("sent", block("host:tport:serial:X")), ("received", b"OKAY" + bytes(8)), ("sent", block(service))]


def rpc(method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return b"POST /jsonrpc/0 HTTP/1.1\r\ncontent-length: " + str(len(body)).encode() + b"\r\n\r\n" + body


def said(content, head="Content-Length"):
    return f"HTTP/1.1 200 OK\r\n{head}: {len(content)}\r\n\r\n".encode() + content


def heard(events, pieces=None, **options):
    """Let a conversation be listened to, its bytes in drawn pieces when `pieces` is given, and return what was kept."""
    kept = []
    conversation = Conversation(kept.append, itertools.count().__next__, **options)
    for what, data in events:
        if what == "ended":
            conversation.ended(by_phone=data)
            continue
        left = data
        while left:
            size = len(left) if pieces is None else pieces.randint(1, 9)
            getattr(conversation, what)(left[:size])
            left = left[size:]
    conversation.ended(by_phone=False)
    return [(one.kind, one.asked, one.params, one.answer) for one in kept]


SHELL = [*to_phone("shell:getprop"), ("received", b"OKAYone\ntwo"), ("ended", True)]
FILES = [
    *to_phone("sync:"), ("received", b"OKAY"), ("sent", b"STAT" + struct.pack("<I", 2) + b"/a"),
    ("received", b"STAT" + struct.pack("<III", 1, 2, 3)), ("sent", b"SEND" + struct.pack("<I", 6) + b"/a,420"),
    ("sent", b"DATA" + struct.pack("<I", 5) + b"hello" + b"DONE" + struct.pack("<I", 7)), ("received", b"OKAY"),
]  # fmt: skip
CALLS = [
    *to_phone("tcp:9008"), ("received", b"OKAY"), ("sent", b"GET /ping HTTP/1.1\r\n\r\n"), ("received", said(b"pong")),
    ("sent", rpc("click", [1, 2])), ("received", said(b'{"result": true}')),
    ("sent", rpc("takeScreenshot", [1, 60])), ("received", said(b'{"result": "aGVsbG8="}')),
    ("sent", rpc("click", [3, 4])), ("received", said(b'{"error": {"code": 1, "message": "no"}}')),
    ("sent", rpc("getText", [])),
    ("received", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("received", b'a\r\n{"result":\r\n6\r\n "hm"}\r\n0\r\n\r\n'),
]  # fmt: skip


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_what_is_asked_and_answered_is_heard_in_any_pieces(seed):
    pieces = None if seed is None else random.Random(seed)
    assert heard(SHELL, pieces) == [("shell", "getprop", None, {"text": "one\ntwo"})]
    assert heard(FILES, pieces) == [
        ("sync", "STAT /a", None, {"stat": [1, 2, 3]}),
        ("sync", "SEND /a,420", 5, {"sent": "OKAY"}),
    ]
    assert heard(CALLS, pieces) == [
        ("http", "GET /ping", None, {"status": 200, "text": "pong"}),
        ("rpc", "click", [1, 2], {"result": True}),
        ("rpc", "takeScreenshot", [1, 60], {"picture": {"bytes": 5, "size": [0, 0]}}),
        ("rpc", "click", [3, 4], {"error": {"code": 1, "message": "no"}}),
        ("rpc", "getText", [], {"result": "hm"}),
    ]


def test_pictures_are_kept_when_that_is_wished():
    [*_, (_, _, _, answer)] = heard(CALLS[:10], pictures=True)
    assert answer["picture"]["content"] == "aGVsbG8="


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ([("sent", block("host:tport:serial:X")), ("received", b"FAIL" + block("device offline"))], "failed"),
        ([*to_phone("tcp:9008"), ("received", b"FAIL" + block("closed"))], "failed"),
        ([*CALLS[:4], ("sent", rpc("click", [])), ("received", b"HTTP/1.1 200"), ("ended", True)], "lost"),
        ([*CALLS[:4], ("sent", rpc("click", [])), ("ended", False)], "silent"),
        ([*CALLS[:4], ("sent", rpc("click", [])), ("received", said(b"no JSON"))], "unread"),
        ([*to_phone("abb:what"), ("received", b"OKAYsecret")], "not_kept"),
    ],
)
def test_what_went_wrong_is_kept_and_disturbs_nobody(events, answer):
    [*_, last] = heard(events)
    assert list(last[3]) == [answer]


def test_an_answer_without_end_is_cut():
    events = [*to_phone("shell:logcat"), ("received", b"OKAY" + b"x" * 3 * MOST_TEXT_BYTES)]
    [(_, _, _, answer)] = heard(events)
    assert len(answer["text"]) == MOST_TEXT_BYTES


# -- what is taken out ------------------------------------------------------------------------------------


def without_owner(kind, asked, answer, params=None):
    one = Exchange(0, 0, kind, asked, params, answer)
    blanking = Blanking(OwnWords(frozenset({"post"})), key=b"test")
    return blanked([one], blanking, "R58N12ABCDE", ["com.zhiliaoapp.musically"])[0]


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("getprop", "[ro.serialno]: [secret]\n[gsm.sim.operator.alpha]: [secret]\n"),
        ("settings get --user 0 secure android_id", "0123456789abcdef\n"),
        ("pm list packages", "package:com.secret.dating\n"),
        ("content query --user 0 --uri content://media", "Row: 0 _id=1, _data=/sdcard/my secret, 5.mp4, _size=3"),
        ("ls -1 /sdcard/Movies", "secret holiday.mp4"),
        ("stat /sdcard/Movies/secret.mp4", "stat: /sdcard/Movies/secret.mp4: No such file"),
        ("am start -d https://example.org/secret", "Starting: Intent { dat=https://example.org/secret }"),
        ("echo", "emulator R58N12ABCDE"),
        ("content query --uri content://sms", "secret"),
        ("dumpsys account", "Account {name=secret}"),
        ("logcat -d", "secret"),
        ("lsof", "secret"),
        ("ls -1 /sdcard/Movies", "secret"),
        ("pm list users", "UserInfo{0:secret:13} running"),
        ("settings get secure bluetooth_name", "secret phone"),
        ("dumpsys package com.zhiliaoapp.musically", "  Queries:\n    com.secret.dating"),
    ],
)  # fmt: skip
def test_the_owner_of_a_phone_is_not_in_what_its_shell_answers(line, output):
    one = without_owner("shell", line, {"text": output})
    for word in ("secret", "0123456789abcdef", "R58N12ABCDE", "dating"):
        assert word not in one.asked + one.answer["text"]


def test_how_a_command_ended_stays_also_where_all_words_go():
    said = without_owner("shell", "pm list users; echo X4NEXT:$?", {"text": "secret\nX4NEXT:255\nX4EXIT:0\n"})
    assert said.answer["text"].endswith("\nX4NEXT:255\nX4EXIT:0\n")


def test_what_helps_is_in_what_a_shell_answers():
    output = (
        "[ro.product.model]: [X 1]\npackage:com.zhiliaoapp.musically versionCode:7\npackage:com.android.shell\n"
        "/storage/emulated/0/Movies/Fleetlane/fleetlane-1-1-1.mp4\nX4NEXT:255\n"
        "java.lang.SecurityException: Shell does not have permission to access user 150"
    )
    asked = "getprop; pm list packages --user 0; echo"
    assert without_owner("shell", asked, {"text": output}).answer["text"] == output
    package = (
        "  Package [com.x] (1a):\n    versionName=47.0\n    User 0: installed=true\n a.CAMERA: granted=true\nX4EXIT:0\n"
    )
    assert without_owner("shell", "dumpsys package com.x", {"text": package}).answer["text"] == package


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("setClipboard", [None, "my secret"], {"result": None}),
        ("getClipboard", {}, {"result": "my secret"}),
        ("setText", [{"textStartsWith": "my secret"}, "my secret"], {"result": True}),
        ("objInfo", [{"text": "my secret"}], {"result": {"text": "my secret", "contentDescription": "a secret"}}),
        ("dumpWindowHierarchy", [False, 50], {"result": TREE}),
        ("dumpWindowHierarchy", [False, 50], {"result": "secret"}),
        ("click", [1, 2], {"error": {"code": 1, "message": "UiObjectNotFoundException: [TEXT=secret]\nat secret"}}),
        ("newCall", ["secret"], {"result": ["secret"]}),
    ],
)
def test_what_people_wrote_is_not_in_what_the_automation_server_says(method, params, answer):
    one = without_owner("rpc", method, answer, params)
    assert "secret" not in str(one)
    assert len(str(one.params)) == len(str(params))


def test_the_serial_of_a_phone_is_in_no_service():
    one = without_owner("connect", "host:tport:serial:R58N12ABCDE", {"failed": "device 'R58N12ABCDE' not found"})
    assert (one.asked, one.answer["failed"]) == (f"host:tport:serial:{SERIAL}", f"device '{SERIAL}' not found")
