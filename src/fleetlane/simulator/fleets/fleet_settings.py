"""What a fleet of simulated phones is to be, and the plans of single phones, read from YAML.

- phone: 2                      # its number from 1, its serial, or "*" (the default)
  accounts: [shop, shop_two]    # signed in to every app; or {tiktok: [shop], instagram: [shop.too]}
  language: id
  android: 15
  packages: {tiktok: com.ss.android.ugc.trill, instagram: ""}      # "" leaves the app out
  data: {tiktok: {switch_by: settings, drafts: 2}}                 # values of the app model's `data`
  clock_ahead_s: -3600          # how far the phone's clock is ahead
  secure_lock: true             # a lock screen that no swipe opens
  serialno: "0123456789ABCDEF"  # what it says its serial number is (ro.serialno)
  android_id: 3f1c9a0b7d2e4c58  # the same on two phones makes them clones that nothing tells apart
  like: real                    # its likeness, by name or file
  traits: {other_user: 0}       # single traits
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fleetlane.core.document import known_keys, mapping, strings, text_of
from fleetlane.core.errors import PackError
from fleetlane.simulator.android.phone_facts import SDK_OF, PhoneFacts
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.likeness.reader import likeness, trait_values
from fleetlane.simulator.likeness.traits import IDEAL, Traits
from fleetlane.simulator.models.compiled_model import AppModel
from fleetlane.simulator.models.loader import LANGUAGES, builtin_models
from fleetlane.simulator.yaml_files import parse_yaml_list

FIRST_PORT = 21501
_IDENTITY = ("serialno", "android_id")
_KEYS = {
    "phone", "accounts", "language", "android", "packages", "data", "clock_ahead_s", "secure_lock", "like", "traits",
    *_IDENTITY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """What one phone has that others have not. What is not given stays as it is."""

    phone: str = "*"
    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Names by app."""
    packages: Mapping[str, str] = field(default_factory=dict[str, str])
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `PhoneFacts`."""
    like: Traits | None = None
    traits: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `Traits`, after `like`."""

    def concerns(self, serial: str, number: int) -> bool:
        """Return whether it is meant for a phone."""
        return self.phone in ("*", serial, str(number))


@dataclass(slots=True)
class FleetSettings:
    """What to simulate."""

    phones: int = 3
    models: Sequence[AppModel] = field(default_factory=builtin_models)
    ledger: Path | None = None
    latency_s: float = 0.0
    faults: Sequence[Fault] = ()
    seed: int = 0
    language: str = "en"
    android: int = 13
    build: str = ""
    app_delay_factor: float = 1.0
    upload_s: float | None = None
    traits: Traits = IDEAL
    accounts: Sequence[str] | int = 1
    """Names of the accounts signed in to every app; a number: so many, with names of the phone's own."""
    plans: Sequence[PhonePlan] = ()
    """What single phones have that others have not; a later plan wins."""
    adb_port: int = 0
    first_port: int = FIRST_PORT
    auth: bool = False
    vary: Callable[[int, PhoneFacts], PhoneFacts] = lambda _number, facts: facts
    """Changes what a phone is, given its number from 1."""
    package: Callable[[int, AppModel], str] = lambda _number, model: next(iter(model.packages))
    """Chooses the package of an app on a phone; "" leaves the app out."""
    log: Callable[[str], None] | None = None


def load_plans(path: Path, apps: Sequence[AppModel]) -> list[PhonePlan]:
    """Return the plans in a YAML file for phones with these apps.

    Raises:
        PackError: the file cannot be read, or something in it is wrong; says where.
    """
    place = path.name
    items = parse_yaml_list(text_of(path), place, "phones")
    known = {model.app: model for model in apps}
    return [_plan(item, f"{place}: phone {number}", known) for number, item in enumerate(items, 1)]


def _plan(value: object, place: str, apps: Mapping[str, AppModel]) -> PhonePlan:
    raw = mapping(value, place)
    known_keys(raw, _KEYS, place)
    by_app = {key: mapping(raw.get(key, {}), f"{place}.{key}") for key in ("packages", "data")}
    data = {app: mapping(values, f"{place}.data.{app}") for app, values in by_app["data"].items()}
    for app in (*by_app["packages"], *data):
        _must_be(app, apps, f"{place}: app")
    for app, package in by_app["packages"].items():
        _must_be(package, {*apps[app].packages, ""}, f"{place}.packages.{app}")
    for app, values in data.items():
        for name in values:
            _must_be(name, apps[app].data, f"{place}.data.{app}")
    return PhonePlan(
        str(raw.get("phone", "*")),
        _accounts(raw, place, apps),
        by_app["packages"],
        data,
        _facts(raw, place),
        like=likeness(str(raw["like"])) if "like" in raw else None,
        traits=trait_values(mapping(raw.get("traits", {}), f"{place}.traits"), f"{place}.traits"),
    )


def _accounts(raw: Mapping[str, Any], place: str, apps: Mapping[str, AppModel]) -> dict[str, Sequence[str]]:
    value: object = raw.get("accounts", {})
    if isinstance(value, dict):
        named = cast("dict[str, object]", value)
        for app in named:
            _must_be(app, apps, f"{place}.accounts")
        return {app: strings(names, f"{place}.accounts.{app}") for app, names in named.items()}
    names = strings(value, f"{place}.accounts")
    return dict.fromkeys(apps, names)


def _facts(raw: Mapping[str, Any], place: str) -> dict[str, Any]:
    facts = {key: raw[key] for key in ("language", "android", "clock_ahead_s", "secure_lock", *_IDENTITY) if key in raw}
    _must_be(facts.get("language", "en"), LANGUAGES, f"{place}.language")
    _must_be(facts.get("android", 13), SDK_OF, f"{place}.android")
    if not isinstance(facts.get("clock_ahead_s", 0), int | float):
        raise PackError(f"{place}.clock_ahead_s", "is a number of seconds")
    if not isinstance(facts.get("secure_lock", False), bool):
        raise PackError(f"{place}.secure_lock", "is true or false")
    for key in _IDENTITY:
        if not isinstance(facts.get(key, ""), str):
            raise PackError(f"{place}.{key}", "is a text: put it in quotes")
    return facts


def _must_be(value: object, known: Collection[object], place: str) -> None:
    if value not in known:
        raise PackError(place, f"there is no {value!r}; known: {', '.join(sorted(map(str, known)))}")
