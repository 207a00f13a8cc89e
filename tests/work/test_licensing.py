"""What the licence allows: signed ones only, for their time only, and neither they nor the clock go back."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.adapters.license import LicenseFile
from fleetlane.adapters.license_tokens import verify
from fleetlane.core.errors import LicenseInvalidError
from fleetlane.core.license import UNLICENSED, Plan, Terms
from fleetlane.work.upkeep.licensing import Licensing
from support.clock import ManualClock
from support.licenses import DAY_MS, KEY, OTHER_KEY, PUBLIC, token
from support.stores import new_store


class Rig:
    """A licence file, a store and a clock; `restart` is a new server on the same store."""

    def __init__(self, folder):
        self.clock = ManualClock()
        self.path = folder / "license.jwt"
        new_store(folder / "s.db")
        self.store = SqliteStore(folder / "s.db")
        self.store.start()
        self.changes = 0
        self.restart()

    def restart(self, clock=None):
        self.clock = clock or self.clock
        self.licensing = Licensing(LicenseFile(self.path, [PUBLIC]), self.store, self.clock, self._changed)
        return self.look()

    def _changed(self):
        self.changes += 1

    def look(self):
        asyncio.run(self.licensing.reload())
        return self.licensing.now()

    def put(self, text):
        self.path.write_text(text, encoding="utf-8")
        return self.look()


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.store.close()


def part(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def resigned(claims, header=None, key=KEY) -> str:
    return jwt.encode(
        {"alg": "Ed25519", "typ": "fleetlane-license+jwt", **(header or {})},
        claims, OKPKey.import_key(key), ["Ed25519"], default_type=None,
    )  # fmt: skip


CLAIMS = {"plan": "Business", "sub": "Shop", "iat": 1_700_000_000}
GOOD = resigned(CLAIMS)
HEADER, BODY, SIGNATURE = GOOD.split(".")
HMAC = jwt.encode({"alg": "HS256", "typ": "fleetlane-license+jwt"}, CLAIMS, OctKey.import_key(PUBLIC), ["HS256"])


def test_the_licence_the_forgeries_below_are_made_of_is_good():
    assert verify(GOOD, [PUBLIC]) == Terms(Plan.BUSINESS, None, "Shop", 1_700_000_000_000, None)


@pytest.mark.parametrize(
    ("forged", "sentence"),
    [
        (f"{part({'alg': 'none'})}.{BODY}.", "not signed with Ed25519"),
        (f"{part({'alg': 'none'})}.{BODY}.{SIGNATURE}", "not signed with Ed25519"),
        (f"{part({'alg': 'EdDSA'})}.{BODY}.{SIGNATURE}", "not signed with Ed25519"),
        (f"{part({})}.{BODY}.{SIGNATURE}", "not signed with Ed25519"),
        (HMAC, "not signed with Ed25519"),
        (f"{HEADER}.{part({**CLAIMS, 'plan': 'Pro'})}.{SIGNATURE}", "altered"),
        (f"{HEADER}.{BODY}.{'A' * len(SIGNATURE)}", "altered"),
        (f"{HEADER}.{BODY}.", "altered"),
        (resigned(CLAIMS, key=OTHER_KEY), "altered"),
        (f"{HEADER}.{BODY}", "damaged"),
        ("", "damaged"),
        ("...", "damaged"),
        ("{}", "damaged"),
        (f"{'A' * 20_000}.{BODY}.{SIGNATURE}", "damaged"),
        ("ключ.ключ.ключ", "damaged"),
        (resigned(CLAIMS, {"typ": "JWT"}), "another kind"),
        (resigned({**CLAIMS, "plan": "Gold"}), "no plan of this version"),
        (resigned({**CLAIMS, "plan": ["Pro"]}), "no plan of this version"),
        (resigned({**CLAIMS, "device_limit": 0}), "device_limit"),
        (resigned({**CLAIMS, "device_limit": True}), "device_limit"),
        (resigned({"plan": "Pro", "iat": 1}), "who holds it"),
        (resigned({"plan": "Pro", "sub": "Shop"}), "when it was issued"),
        (resigned({**CLAIMS, "exp": "tomorrow"}), "when it runs out"),
        (resigned({**CLAIMS, "exp": None}), "when it runs out"),
        (resigned({**CLAIMS, "exp": 10**15}), "when it runs out"),
    ],
)
def test_what_was_forged_or_damaged_is_starter_and_says_why(rig, forged, sentence):
    allowed = rig.put(forged)
    assert (allowed.plan, allowed.device_limit) == (Plan.STARTER, 0)
    assert sentence in allowed.message
    with pytest.raises(LicenseInvalidError):
        LicenseFile(rig.path, [PUBLIC]).install(forged)


def test_without_a_licence_everything_is_allowed_and_so_again_when_it_is_removed(rig):
    assert rig.look() == UNLICENSED
    assert rig.changes == 0
    assert rig.put("forged").plan is Plan.STARTER
    rig.path.unlink()
    assert rig.look() == UNLICENSED
    assert rig.changes == 2


def test_a_licence_without_a_key_to_check_it_is_not_taken(rig):
    with pytest.raises(LicenseInvalidError, match="license_public_keys"):
        verify(GOOD, [])


def test_any_of_several_keys_may_have_signed(rig):
    from fleetlane.adapters.license_tokens import public_key_of

    assert verify(resigned(CLAIMS, key=OTHER_KEY), [PUBLIC, public_key_of(OTHER_KEY)]).plan is Plan.BUSINESS


def test_a_licence_holds_to_its_last_millisecond_without_being_read_again(rig):
    now = rig.clock.now_ms()
    allowed = rig.put(token(now, Plan.TEAM, 7, days=1))
    assert (allowed.plan, allowed.device_limit) == (Plan.TEAM, 7)
    rig.clock.advance(DAY_MS / 1000 - 0.001)
    assert rig.licensing.now().plan is Plan.TEAM
    rig.clock.advance(0.001)
    assert rig.licensing.now().plan is Plan.STARTER
    assert "ran out" in rig.licensing.now().message
    before = rig.changes
    rig.look()
    assert rig.changes == before + 1, "whoever waits for the licence must hear that it ran out"


def test_a_clock_that_is_set_back_does_not_lengthen_a_licence_whatever_is_restarted(rig):
    start = rig.clock.wall_s()
    rig.put(token(rig.clock.now_ms(), days=30))
    rig.clock.advance(29 * 86_400)
    assert rig.look().plan is Plan.PRO
    allowed = rig.restart(ManualClock(start + 86_400))
    assert allowed.plan is Plan.STARTER
    assert "clock" in allowed.message
    assert rig.restart(ManualClock(start + 28.5 * 86_400)).plan is Plan.PRO, "a day is forgiven"
    rig.licensing.now()
    assert rig.restart(ManualClock(start + 31 * 86_400)).plan is Plan.STARTER


def test_a_clock_that_is_set_back_while_the_server_runs_is_seen_too(rig):
    rig.put(token(rig.clock.now_ms(), days=30))
    rig.clock.advance(10 * 86_400)
    assert rig.licensing.now().plan is Plan.PRO
    rig.clock.advance(-5 * 86_400)
    assert rig.licensing.now().plan is Plan.STARTER
    rig.clock.advance(5 * 86_400)
    assert rig.licensing.now().plan is Plan.PRO, "a clock that is right again is forgiven"


def test_a_new_licence_cures_a_clock_that_once_was_far_ahead(rig):
    start = rig.clock.wall_s()
    rig.put(token(rig.clock.now_ms(), days=10_000))
    assert rig.restart(ManualClock(start + 1000 * 86_400)).plan is Plan.PRO
    assert rig.restart(ManualClock(start + 60)).plan is Plan.STARTER
    assert rig.put(token(rig.clock.now_ms(), days=30)).plan is Plan.PRO


def test_a_licence_without_an_end_needs_no_clock(rig):
    start = rig.clock.wall_s()
    rig.put(token(rig.clock.now_ms(), days=None))
    assert rig.restart(ManualClock(start - 1000 * 86_400)).plan is Plan.PRO


def test_a_licence_from_the_future_says_the_clock_is_wrong(rig):
    allowed = rig.put(token(rig.clock.now_ms(), issued_ms=rig.clock.now_ms() + 3 * DAY_MS))
    assert allowed.plan is Plan.STARTER
    assert "clock" in allowed.message


def test_an_older_licence_does_not_come_back_even_after_a_restart(rig):
    now = rig.clock.now_ms()
    generous = token(now, Plan.BUSINESS, None, issued_ms=now - 5000)
    rig.put(generous)
    assert rig.put(token(now, Plan.PRO, 1)).plan is Plan.PRO
    with pytest.raises(LicenseInvalidError, match="before one that was installed"):
        LicenseFile(rig.path, [PUBLIC]).install(generous)
    for look in (rig.put, lambda _: rig.restart()):
        allowed = look(generous)
        assert allowed.plan is Plan.STARTER
        assert "before one that was installed already" in allowed.message


def test_installing_leaves_the_licence_whole_and_nothing_beside_it(rig):
    now = rig.clock.now_ms()
    rig.put("half a lic")
    file = LicenseFile(rig.path, [PUBLIC])
    file.install(token(now, Plan.TEAM, 3))
    assert rig.look().plan is Plan.TEAM
    with pytest.raises(LicenseInvalidError):
        file.install("forged")
    assert rig.look().plan is Plan.TEAM
    assert not list(rig.path.parent.glob(".license-*"))


@pytest.mark.slow
def test_the_watch_sees_a_new_file_and_the_moment_it_runs_out(tmp_path):
    rig = Rig(tmp_path)
    clock = SystemClock()

    async def scenario():
        changed = asyncio.Event()
        licensing = Licensing(LicenseFile(rig.path, [PUBLIC]), rig.store, clock, changed.set)
        watching = asyncio.create_task(licensing.run())
        expires_ms = (clock.now_ms() // 1000 + 3) * 1000
        days = (expires_ms - clock.now_ms()) / DAY_MS
        LicenseFile(rig.path, [PUBLIC]).install(token(clock.now_ms(), Plan.TEAM, 5, days=days))
        async with asyncio.timeout(10):
            await changed.wait()
            assert licensing.now().plan is Plan.TEAM
            changed.clear()
            await changed.wait()
            late_ms = clock.now_ms() - expires_ms
        assert licensing.now().plan is Plan.STARTER
        assert -1000 <= late_ms < 500, "the end is a moment, not the next look"
        watching.cancel()

    asyncio.run(scenario())
    rig.store.close()
