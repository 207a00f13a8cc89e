"""What `fleetlane doctor` checks where the store is a database that several servers and hosts may share."""

from __future__ import annotations

from collections.abc import Iterator

from fleetlane.bootstrap.from_settings import name_of_host
from fleetlane.bootstrap.stores import database
from fleetlane.cli.findings import Finding, Verdict
from fleetlane.core.errors import StoreError
from fleetlane.core.loopback import is_loopback
from fleetlane.settings import Settings

_CALLED = "Host"
_DATABASE = "Database"


def examine_shared_store(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about the database of the settings, and what this computer is called there."""
    assert settings.store_url is not None
    name = name_of_host(settings)
    yield Finding(Verdict.OK, _CALLED, f"this computer is called {name} there; setting host_name")
    try:
        place = database(settings.store_url.get_secret_value())
        found = place.look()
    except StoreError as error:
        yield Finding(Verdict.WRONG, _DATABASE, str(error))
        return
    yield Finding(Verdict.OK, _DATABASE, f"PostgreSQL {found.version} answers at {place.shown}, and keeps its promises")
    yield _encryption(found.host, encrypted=found.is_encrypted, verified=found.is_verified)
    if not found.has_store:
        yield Finding(
            Verdict.NOTE, "Store", "there is none yet; the first `fleetlane serve` makes it, or `fleetlane store init`."
        )


def _encryption(host: str, *, encrypted: bool, verified: bool) -> Finding:
    what = "Who may listen"
    if host.startswith("/") or is_loopback(host):
        return Finding(Verdict.OK, what, "nobody: the database is on this computer")
    if not encrypted:
        return Finding(
            Verdict.WRONG,
            what,
            f"whoever is in the network between here and {host}: the password and all tasks go there unencrypted. Set "
            "up TLS at PostgreSQL, and write sslmode=verify-full in store_url.",
        )
    if not verified:
        return Finding(
            Verdict.NOTE,
            what,
            f"who passes himself off as {host}: its certificate is not checked. Set sslmode=verify-full in store_url.",
        )
    return Finding(Verdict.OK, what, f"nobody: TLS, and the certificate of {host} is checked")
