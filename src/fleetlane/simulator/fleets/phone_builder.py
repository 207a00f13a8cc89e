"""Builds one phone of a fleet: its facts, its apps, and the accounts signed in to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from fleetlane.simulator.android.phone_facts import PhoneFacts
from fleetlane.simulator.android.timers import Clock
from fleetlane.simulator.apps.accounts import standard_account
from fleetlane.simulator.fleets.fleet_settings import FleetSettings, PhonePlan
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.compiled_model import AppModel
from fleetlane.simulator.phone import SimPhone

_MODELS = (
    ("Pixel 6a", "google", (1080, 2400)),
    ("SM-A175F", "samsung", (1080, 2340)),
    ("moto g06", "motorola", (720, 1640)),
    ("Redmi Note 13", "Xiaomi", (1080, 2400)),
)


class PhoneBuilder:
    """Builds the phones of one fleet, in the order of their numbers: `settings.seed` fixes what is drawn."""

    def __init__(self, settings: FleetSettings, system: AppModel, clock: Clock, ledger: Ledger) -> None:
        self._settings = settings
        self._system = system
        self._clock = clock
        self._ledger = ledger
        self._random = random.Random(settings.seed)

    def build(self, number: int, serial: str) -> SimPhone:
        """Return a phone with its apps; `number` counts from 1."""
        settings, log = self._settings, self._settings.log
        plans = [plan for plan in settings.plans if plan.concerns(serial, number)]
        phone = SimPhone(
            self._facts(number, serial, plans),
            self._system,
            self._clock,
            self._ledger,
            (lambda line: log(f"{serial} {line}")) if log else None,
        )
        phone.battery_percent = self._random.randint(35, 100)
        for model in settings.models:
            self._install(phone, number, model, plans)
        return phone

    def _facts(self, number: int, serial: str, plans: Sequence[PhonePlan]) -> PhoneFacts:
        settings = self._settings
        model, brand, size = _MODELS[(number - 1) % len(_MODELS)]
        own = random.Random(f"{settings.seed}/{number}")  # not the fleet's: what else is drawn stays as it was
        facts = PhoneFacts(
            serial=serial,
            serialno=f"SIM{own.getrandbits(32):08X}",
            android_id=f"{own.getrandbits(64):016x}",
            model=model,
            brand=brand,
            android=settings.android,
            language=settings.language,
            size=size,
            app_delay_factor=settings.app_delay_factor,
            upload_s=settings.upload_s,
            traits=settings.traits,
            seed=f"{settings.seed}/{number}",
        )
        for plan in plans:
            facts = replace(facts, **plan.facts, traits=replace(plan.like or facts.traits, **plan.traits))
        return settings.vary(number, facts)

    def _install(self, phone: SimPhone, number: int, model: AppModel, plans: Sequence[PhonePlan]) -> None:
        package = self._settings.package(number, model)
        handles = self._handles(number)
        for plan in plans:
            package = plan.packages.get(model.app, package)
            handles = plan.accounts.get(model.app, handles)
        if not package:
            return
        app = phone.install(model, package, build=self._settings.build)
        for plan in plans:
            app.data.update(plan.data.get(model.app, {}))
        app.logged_in = bool(handles)
        for handle in handles:
            standard_account(app, handle, handle.title(), older_posts=self._random.randint(2, 5))

    def _handles(self, number: int) -> Sequence[str]:
        accounts = self._settings.accounts
        if not isinstance(accounts, int):
            return accounts
        own = f"lane{number:02d}"
        return [own, *(f"{own}_{index}" for index in range(2, accounts + 1))]
