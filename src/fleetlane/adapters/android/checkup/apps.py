"""The apps: there for the user in front or not, in a version like those the packs know, and what starts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetlane.adapters.android import answers
from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.core.checkup import NOTHING, Grade, Row, plain, said
from fleetlane.core.errors import ShellFailedError
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.apps import needed_permissions
from fleetlane.scripts.packs import load_packs


def _apps(visit: Visit) -> Iterator[Row]:
    packs = [pack for pack in load_packs() if pack.packages]
    wanted = {package: pack for pack in packs if "label" in pack.facts for package in pack.packages}
    present = visit.driver.installed(list(wanted))
    missing = [pack for pack in packs if "label" in pack.facts and not set(pack.packages) & set(present)]
    for pack in missing:
        yield _missing(pack, only=not present)
    for package in present:
        output = visit.driver.shell("dumpsys", "package", package)
        yield _version(wanted[package], package, answers.version_name(output))
        yield _launcher(visit, package)
        yield _permissions(visit, package, output)


def _missing(pack: Pack, *, only: bool) -> Row:
    sentence = said(
        "%(app)s is not installed for the user in front. Install it there, or give this phone no task for it.",
        app=pack.label,
    )
    grade = Grade.FAULT if only else Grade.WARNING
    return Row("app", grade, NOTHING, sentence, {"installed": False}, pack.label)


def _version(pack: Pack, package: str, version: str) -> Row:
    known: Sequence[str] = pack.met
    measured = {"version": version, "known": list(known)}
    major, majors = _major(version), [_major(one) for one in known]
    if not major:
        sentence = said("The phone does not say its version. Try a task with dry_run before you rely on it.")
        return Row("app", Grade.WARNING, NOTHING, sentence, measured, package)
    listed = ", ".join(known)
    if not min(majors, default=0) <= major <= max(majors, default=0):
        sentence = said(
            "Its pages were never seen in this version: the screen packs were made from recordings and write-ups of "
            "%(known)s. Try a task with dry_run first; when it stops at a page it does not know, install one of those "
            "versions.",
            known=listed,
        )
        return Row("app", Grade.WARNING, plain(version), sentence, measured, package)
    sentence = said("The screen packs were made from recordings and write-ups of %(known)s.", known=listed)
    return Row("app", Grade.OK, plain(version), sentence, measured, package)


def _major(version: str) -> int:
    """Return the first number of a version, 0 where there is none."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0


def _launcher(visit: Visit, package: str) -> Row:
    try:
        activity = visit.driver.launcher_activity(package)
    except ShellFailedError as error:
        sentence = said("The launcher has nothing to start of it: is it switched off? %(error)s", error=error)
        return Row("launcher", Grade.FAULT, NOTHING, sentence, {}, package)
    sentence = said("It is started by this activity, which needs no physical keys.")
    return Row("launcher", Grade.OK, plain(activity), sentence, {"activity": activity}, package)


def _permissions(visit: Visit, package: str, output: str) -> Row:
    facts = visit.driver.facts()
    wanted = needed_permissions(facts.sdk)
    held = answers.held_permissions(output, facts.user)
    missing = [name.rpartition(".")[2] for name in wanted if name not in held]
    value, measured = plain(f"{len(wanted) - len(missing)} / {len(wanted)}"), {"missing": missing}
    if not missing:
        return Row("permissions", Grade.OK, value, said("It may use its owner's media."), measured, package)
    sentence = said(
        "It is given these at its first task: %(names)s. Where the phone refuses that, the app asks, and the task "
        "answers.",
        names=", ".join(missing),
    )
    return Row("permissions", Grade.OK, value, sentence, measured, package)


ROUNDS = (Round(("app", "launcher", "permissions"), _apps, ("started",)),)
