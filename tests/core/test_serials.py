"""Where serials lead, at this host and at any."""

from __future__ import annotations

import pytest

from fleetlane.core.serials import SerialLeads

AT = "127.0.0.1:5555"


@pytest.fixture
def leads():
    leads = SerialLeads("here")
    leads.load([("R58", "there", "R58"), (AT, "there", "R58"), ("emulator-5554", "there", "emulator-5554")])
    return leads


def test_a_cables_serial_means_its_phone_at_every_host(leads):
    assert (leads.anywhere("R58"), leads.here_at("R58")) == ("R58", "R58")


@pytest.mark.parametrize(("serial", "lane"), [(AT, "R58"), ("emulator-5554", "emulator-5554")])
def test_an_address_and_an_emulators_number_mean_a_phone_of_their_own_host_only(leads, serial, lane):
    assert (leads.anywhere(serial), leads.here_at(serial)) == (lane, None)


def test_what_leads_to_two_phones_means_none_but_a_lane_means_itself(leads):
    leads.lead(AT, "OTHER")
    assert (leads.anywhere(AT), leads.here_at(AT)) == (None, "OTHER")
    leads.lead("emulator-5554", "OTHER")
    assert leads.anywhere("emulator-5554") == "emulator-5554"


def test_what_led_to_a_lane_that_ends_leads_to_the_other_at_every_host(leads):
    leads.drop("R58", into="R59")
    assert (leads.anywhere(AT), leads.anywhere("R58"), leads.of("R59")) == ("R59", "R59", [AT, "R58"])


def test_only_what_is_reached_here_is_connected_again_here(leads):
    leads.lead("10.0.0.1:5555", "R58")
    assert dict(leads.here) == {"10.0.0.1:5555": "R58"}


def test_what_is_known(leads):
    assert (leads.is_known(AT), leads.is_known("none"), len(leads)) == (True, False, 3)
    assert (leads.is_lane("R58"), leads.is_lane(AT)) == (True, False)
    assert (leads.alike("r58"), leads.alike("none"), leads.anywhere("none")) == ("R58", None, None)
