"""Health and metrics name the phones that have not allowed this computer."""

from __future__ import annotations

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.rig import wait_for
from support.server import ServerThread

TOKEN = "0123456789abcdef-secret"


def test_a_phone_that_has_not_allowed_this_computer_is_told_of(tmp_path):
    with FleetThread(FleetSettings(phones=2)) as phones:
        port, locked = phones.fleet.adb.port, phones.fleet.serials[1]
        with ServerThread(tmp_path / "a", port) as server, ServerThread(tmp_path / "b", port, token=TOKEN) as other:
            wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 2)
            assert server.http.get("/healthz").json()["problems"] == []
            phones.call(lambda: phones.fleet.server(locked).inject(Fault("unauthorized", for_s=600)))
            wait_for(lambda: server.http.get("/healthz").json()["devices"]["unauthorized"] == 1)
            body = server.http.get("/healthz").json()
            assert body["problems"] == [
                f"1 phone has not allowed this computer ({locked}): accept the dialog on the screen."
            ]
            assert (body["status"], body["devices"]["ready"]) == ("degraded", 1)
            assert 'fleetlane_devices{state="unauthorized"} 1.0' in server.http.get("/metrics").text
            wait_for(lambda: other.http.get("/healthz").json()["status"] == "degraded")
            assert other.http.get("/healthz").json() == {"status": "degraded"}, "whoever has no token need not know why"
            shown = other.http.get("/healthz", headers={"Authorization": f"Bearer {TOKEN}"}).json()
            assert (shown["devices"]["unauthorized"], shown["problems"]) == (1, body["problems"])
