"""A phone that stops answering: its lane waits for one answer, not for several."""

from __future__ import annotations

import pytest

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleet import FleetSettings
from support.rig import Rig


@pytest.mark.phone
@pytest.mark.parametrize("call", ["shell:mkdir", "shell:am start --user 0 -a android.intent.action.SEND"])
def test_a_phone_that_did_not_answer_is_asked_nothing_more(call):
    with Rig(FleetSettings(phones=1, app_delay_factor=0.25, first_port=22650), call_timeout_s=1.0) as rig:
        [serial] = rig.serials
        calls = []

        def came(name):
            calls.append(name)
            if name.startswith(call) and calls.count("hangs") == 0:
                calls.clear()
                calls.append("hangs")
                rig.fleet.server(serial).strike(Fault("hang"))

        rig.on(serial, lambda server: server.call_listeners.append(came))
        assert rig.post(serial).outcome.error_code == "device_timeout"
        assert calls == ["hangs"]
