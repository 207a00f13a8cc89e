"""A phone that stops answering: its lane waits for one answer, not for several."""

from __future__ import annotations

import pytest

from fleetlane.simulator.faults import Fault
from support.carriers import EACH_CARRIER, rig_of


@EACH_CARRIER
@pytest.mark.parametrize("call", ["shell:mkdir", "shell:am start --user 0 -a android.intent.action.SEND"])
def test_a_phone_that_did_not_answer_is_asked_nothing_more(call, carrier):
    with rig_of(carrier, call_timeout_s=1.0, phones=1, first_port=22650) as rig:
        [serial] = rig.serials
        calls = []

        def came(name):
            calls.append(name)
            if name.startswith(call) and calls.count("hangs") == 0:
                calls.clear()
                calls.append("hangs")
                link.inject(Fault("hang"))

        link = rig.on(serial, lambda link: link)
        rig.on(serial, lambda link: link.call_listeners.append(came))
        assert rig.post(serial).outcome.error_code == "device_timeout"
        assert calls == ["hangs"]
