from __future__ import annotations

import pytest

from fleetlane.core.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "ip6-localhost"])
def test_this_computer_is_known_by_its_own_names_and_addresses(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.168.1.20", "localhost.example.com", "phones.local"])
def test_what_other_computers_can_reach_is_not_this_computer_itself(host):
    assert not is_loopback(host)
