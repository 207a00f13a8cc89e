"""A phone that stops answering: its lane waits for one answer, not for several."""

from __future__ import annotations

import pytest

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleet import FleetSettings
from support.rig import Rig


@pytest.mark.phone
@pytest.mark.parametrize("place", ["own_profile", "editor"])
def test_a_phone_that_did_not_answer_is_asked_nothing_more(place):
    with Rig(FleetSettings(phones=1, app_delay_factor=0.25, first_port=22650), call_timeout_s=1.0) as rig:
        [serial] = rig.serials
        calls = []

        def hang(server):
            server.strike(Fault("hang"))
            calls.append(sum(server.calls.values()))

        def at(app, screen):
            if screen == place and not calls:
                hang(rig.fleet.server(serial))

        rig.on(serial, lambda server: server.phone.screen_listeners.append(at))
        result = rig.post(serial)
        assert result.outcome.error_code == "device_timeout"
        assert sum(rig.fleet.server(serial).calls.values()) - calls[0] == 1
