"""Scripts of others: loaded from their entry points, and asked so that what they do wrong stays theirs.

One that cannot be loaded is told of, and the others work. What a guest's own checks raise becomes an error that
names it; what it raises while it runs is for the runner.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, TypeVar, cast

import structlog

from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.core.outcome import Outcome
from fleetlane.core.storable import said_by, storable, text
from fleetlane.scripts.asking import Asking, run_apart
from fleetlane.scripts.media_settings import MediaSettings
from fleetlane.scripts.platforms import platform_in
from fleetlane.scripts.script import Job, Script, Verifier

log = structlog.get_logger(__name__)
T = TypeVar("T")
_OWN = "fleetlane.scripts."
_TEXTS, _METHODS = ("name", "summary"), ("check", "schema", "preview", "run")
_LONGEST_WORD = 255
_DEEPEST = 8
_LONGEST_EXTRA_S = 86_400.0
_LONGEST_ANSWER_S, _LONGEST_IMPORT_S = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class BrokenScript:
    """A script that is installed and cannot be used. `error` says why, a sentence."""

    name: str
    error: str


class _NotAScriptError(Exception):
    """What an entry point names is no script; says why."""


def load(own_and_others: Iterable[EntryPoint]) -> tuple[dict[str, Script], list[BrokenScript]]:
    """Return the scripts of entry points by their names, and those that cannot be used.

    Fleetlane's own keep their names. When two others want one name, neither gets it: which one tasks meant could not
    be known.
    """
    found: dict[str, Script] = {}
    broken: list[BrokenScript] = []
    for name, entries in _by_name(own_and_others).items():
        own = [entry for entry in entries if entry.value.startswith(_OWN)]
        if len(entries) > 1:
            values = ", ".join(text(entry.value) for entry in entries if entry not in own[:1])
            rest = "is the name of a script of Fleetlane's own" if own else "is wanted by more than one"
            broken.append(BrokenScript(text(name, _LONGEST_WORD), f"This name {rest}: {values}. Uninstall or rename."))
        if len(entries) > 1 and not own:
            continue
        try:
            found[name] = _load(own[0] if own else entries[0])
        except BaseException as error:
            why = text(error) if isinstance(error, _NotAScriptError) else f"It cannot be loaded ({said_by(error)})."
            log.warning(
                "script_not_loaded", script=name, exc_info=None if isinstance(error, _NotAScriptError) else error
            )
            broken.append(BrokenScript(text(name, _LONGEST_WORD), why))
    return dict(sorted(found.items())), sorted(broken, key=lambda one: one.name)


def _by_name(entries: Iterable[EntryPoint]) -> dict[str, list[EntryPoint]]:
    """Return the entry points by name; what is listed twice is one."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entries:
        found.setdefault(entry.name, {})[entry.value] = entry
    return {name: list(same.values()) for name, same in found.items()}


def _load(entry: EntryPoint) -> Script:
    if entry.value.startswith(_OWN):
        return cast("Script", entry.load())
    what: object = Asking(f"load script {entry.name!r}", _LONGEST_IMPORT_S)(entry.load)
    if isinstance(what, type):
        raise _NotAScriptError(f"{entry.value} is a class; the entry point must name an object made of it.")
    wrong = [name for name in _METHODS if not callable(getattr(what, name, None))]
    wrong += [name for name in _TEXTS if not isinstance(getattr(what, name, None), str)]
    wrong += ["listed"] if not isinstance(_listed(what), bool) else []
    if wrong:
        missing = ", ".join(sorted(wrong))
        raise _NotAScriptError(f"{entry.value} is no script: it lacks {missing}, or has them of another kind.")
    guest = cast("Script", what)
    if guest.name != entry.name:
        raise _NotAScriptError(f"It calls itself {text(guest.name, 100)!r}, and its entry point {entry.name!r}.")
    kind = VerifyingGuest if callable(getattr(what, "verify", None)) else Guest
    return kind(guest)


def _listed(what: object) -> object:
    """Return whether callers of the API may name a script; it was called `offered` before 0.2."""
    return getattr(what, "listed", getattr(what, "offered", None))


class Guest:
    """A script of somebody else's (`scripts.script.Script`). What it says of itself is read once.

    Args:
        guest: the script.
        longest_s: how long it may take for an answer, in seconds. Whoever asks waits, and with him all others.
    """

    def __init__(self, guest: Script, longest_s: float = _LONGEST_ANSWER_S) -> None:
        self._guest = guest
        self._ask = Asking(f"ask script {guest.name!r}", longest_s)
        self.name = text(guest.name, _LONGEST_WORD)
        self.listed = _listed(guest) is True
        self.summary = text(guest.summary)
        self.sentences: Sequence[str] = ()
        self.media_settings = MediaSettings()
        self.longest_extra_s = _seconds(getattr(guest, "longest_extra_s", 0.0))

    def extra_s(self, config: Mapping[str, Any]) -> float:
        """Return how long an attempt may take beyond the usual: as long as the guest says for all of its tasks."""
        del config
        return self.longest_extra_s

    def platform(self, config: Mapping[str, Any]) -> str | None:
        """Return what its settings name under `platform`."""
        return platform_in(config)

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Check a `script_config` and return warnings.

        Raises:
            InvalidParametersError: with every field that is wrong; or the guest's own check failed.
        """
        return self._asked("check the settings", lambda: _warnings(self._guest.check(copy.deepcopy(dict(config)))))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `script_config`.

        Raises:
            InvalidParametersError: the guest cannot say it.
        """
        return self._asked("describe its settings", lambda: _schema(self._guest.schema()))

    def preview(self, config: Mapping[str, Any], position: int, seed: int) -> str:
        """Return the text one task would publish.

        Raises:
            InvalidParametersError: the guest cannot say it.
        """
        whole = copy.deepcopy(dict(config))
        return self._asked("preview a task", lambda: _text(self._guest.preview(whole, position, seed)))

    def run(self, job: Job) -> Outcome:
        """Do the job; may raise or return anything, which is for the runner. One that does not end is left behind."""
        return run_apart(f"script {self.name} on {job.phone.serial}", lambda: self._guest.run(job), job.phone)

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        try:
            return self._ask(ask)
        except InvalidParametersError as error:
            raise InvalidParametersError(_errors(error)) from error
        except BaseException as error:
            # Others' code at the edge of a request: neither a fault nor an end of the process may go further.
            log.warning("script_check_failed", script=self.name, what=what, exc_info=error)
            sentence = f"the script {self.name!r} failed to {what}: {said_by(error)}"
            raise InvalidParametersError.one("script_config", sentence) from error


class VerifyingGuest(Guest):
    """A guest that can look for its post (`scripts.script.Verifier`)."""

    def __init__(self, guest: Script, longest_s: float = _LONGEST_ANSWER_S) -> None:
        super().__init__(guest, longest_s)
        self.findable_by = _words(getattr(guest, "findable_by", ("caption", "profile")))

    def verify(self, job: Job, facts: Mapping[str, Any]) -> Outcome:
        """Look for the post; may raise or return anything, which is for the runner. As `run` for one that hangs."""
        guest = cast("Verifier", self._guest)
        return run_apart(f"script {self.name} on {job.phone.serial}", lambda: guest.verify(job, facts), job.phone)


def _seconds(found: object) -> float:
    """Return a span that a guest names, bounded; nothing for what is none."""
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not found > 0:
        return 0.0
    return min(float(found), _LONGEST_EXTRA_S)


def _words(found: object) -> Sequence[str]:
    listed = cast("Sequence[object]", found) if isinstance(found, (list, tuple)) else ()
    return tuple(text(word, _LONGEST_WORD) for word in listed)


def _errors(error: InvalidParametersError) -> list[FieldError]:
    """Return the fields that a guest calls wrong, as text that can be sent."""
    listed: object = getattr(error, "errors", ())
    items = cast("Sequence[object]", listed) if isinstance(listed, tuple) else ()
    found = [
        FieldError(text(getattr(item, "field", "script_config"), _LONGEST_WORD), text(getattr(item, "message", item)))
        for item in items
    ]
    return found or [FieldError("script_config", text(error))]


def _warnings(found: object) -> list[str]:
    if not isinstance(found, (list, tuple)) or not all(isinstance(item, str) for item in cast("list[object]", found)):
        raise TypeError("it returned something else than a list of warnings")
    return [text(item) for item in cast("list[str]", found)]


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError("it returned something else than a text")
    return text(found)


def _schema(found: object) -> dict[str, Any]:
    """Return a schema that the pages can make a form of."""
    kept = storable(found)
    if kept.problems:
        raise TypeError("; ".join(kept.problems[:3]))
    properties, named = kept.values.get("properties", {}), kept.values.get("$defs", {})
    if not isinstance(properties, dict) or not isinstance(named, dict):
        raise TypeError("its properties or $defs are no objects")
    for name, described in cast("dict[str, object]", properties).items():
        _check_property(name, described, cast("dict[str, Any]", named))
    return kept.values


def _check_property(name: str, described: object, named: Mapping[str, Any], depth: int = 0) -> None:
    wrong = TypeError(f"its property {name[:100]!r} is not described as JSON Schema does")
    if not isinstance(described, dict) or depth > _DEEPEST:
        raise wrong
    members = cast("dict[str, Any]", described)
    if not isinstance(members.get("enum", []), list) or not isinstance(members.get("anyOf", []), list):
        raise wrong
    if not isinstance(members.get("description", ""), str) or not isinstance(members.get("maxLength", 0), int):
        raise wrong
    reference = members.get("$ref")
    if reference is not None:
        place = str(reference).rpartition("/")[2]
        _check_property(name, named.get(place), named, depth + 1)
    for alternative in members.get("anyOf", []):
        _check_property(name, alternative, named, depth + 1)
