"""Which versions of the apps have published on this server's phones: what the packs do not know was met here.

Kept in the store under one name, as {package: {version: serial of the phone that published first}}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleetlane.core.ports.store import Repositories
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.packs import load_packs

_FACT = "published_versions"

Met = Mapping[str, Mapping[str, str]]


def met_here(repositories: Repositories) -> Met:
    """Return the versions that have published, by package: each with the phone that was first."""
    return json.loads(repositories.facts.get(_FACT) or "{}")


def note_published(repositories: Repositories, serial: str, package: str) -> None:
    """Note that a phone has published with an app, in the version that it last said it has."""
    version = versions_on(repositories, serial).get(package)
    if version is not None:
        note_met(repositories, package, version, serial)


def note_met(repositories: Repositories, package: str, version: str, by: str) -> None:
    """Note that a version is not new any more, and by whom that is known."""
    met: dict[str, dict[str, str]] = json.loads(repositories.facts.get(_FACT) or "{}")
    if version not in met.setdefault(package, {}):
        met[package][version] = by
        repositories.facts.set(_FACT, json.dumps(met))


def is_met(pack: Pack, package: str, version: str, met: Met) -> bool:
    """Return whether a pack is made from a version of its app, or that version has published here."""
    return pack.has_met(version) or version in met.get(package, ())


def unmet_apps(facts: Mapping[str, Any], met: Met) -> frozenset[str]:
    """Return the packages of the packs' apps that a phone says it has in a version that is new to all."""
    there: Mapping[str, str] = facts.get("apps") or {}
    own = ((pack, package) for pack in load_packs() for package in pack.packages if package in there)
    return frozenset(package for pack, package in own if not is_met(pack, package, there[package], met))


def versions_on(repositories: Repositories, serial: str) -> Mapping[str, str]:
    """Return the versions of the apps that a phone last said it has, by package; nothing when it never did."""
    record = repositories.devices.get(serial)
    return record.facts.get("apps") or {} if record else {}
