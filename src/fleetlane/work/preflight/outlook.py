"""The outlook of tasks: what will make each of them fail, as things are now, and what to know besides.

One thing serves the answer to a creation, the page that makes tasks, changes of a task, and the evening's look ahead.
What is known of phones, accounts and the library is read first, in one snapshot (`known`); files are looked at after.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fleetlane.core.errors import FieldError, InvalidParametersError, TaskFailedError
from fleetlane.core.issue import NOT_CHECKED, VERSION, Issue, Severity, error, warning
from fleetlane.core.material import Material
from fleetlane.core.message import Message
from fleetlane.core.outcome import FAILURES
from fleetlane.core.task import username_key
from fleetlane.scripts.media_settings import setting
from fleetlane.scripts.script import Plan, Planned
from fleetlane.work.preflight.inspection import MISSING, OUTSIDE, Inspection, Look, shown
from fleetlane.work.preflight.known import Known, app_on

NO_APP = "%(app)s is not installed on device %(serial)s"
SIGNED_OUT = "account %(account)s is not signed in on device %(serial)s, by the last scan of its accounts"
NOBODY_IN = "no account is signed in on device %(serial)s, by the last scan of its accounts"
NEW_VERSION = "%(app)s on device %(serial)s: version %(version)s not met before; watch its first post"
DISABLED = "account %(account)s is disabled"
LIBRARY_EMPTY = "the library has too few free files for this task: %(found)s of %(count)s are left for it"
LIBRARY_UNSURE = "whether the library has a free file for this task was not checked: it holds too many"
FOLDER_EMPTY = "%(folder)s has too few unused files for this task: %(found)s of %(count)s"
FOLDER_UNSURE = "whether %(folder)s has enough unused files for this task was not checked: its account is not known yet"
FILE_UNSURE = "%(file)s could not be checked in time; it is checked before it is published"
SENTENCES = (
    NO_APP, NEW_VERSION, SIGNED_OUT, NOBODY_IN, DISABLED, LIBRARY_EMPTY, LIBRARY_UNSURE, FOLDER_EMPTY, FOLDER_UNSURE,
    FILE_UNSURE,
)  # fmt: skip
_MOST_FOLDERS = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """A task as far as the outlook goes, stored or not. `account_platform` is that of the account it names."""

    plan: Plan
    planned: Planned
    position: int
    seed: int
    due_ms: int
    serial: str | None
    username: str | None = None
    account_platform: str | None = None

    @property
    def target(self) -> str:
        """Return the account or the device it is for."""
        return self.username or self.serial or ""

    @property
    def platform(self) -> str | None:
        """Return the platform that its settings or its account name."""
        return self.plan.platform or self.account_platform


@dataclass(frozen=True, slots=True)
class FolderLook:
    """A look into a folder for one account: what was found for its task, or why it cannot be used."""

    found: int = 0
    is_sure: bool = False
    written: str | None = None
    problem: tuple[str, Message] | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """What was seen of files and folders."""

    files: Mapping[str, Look] = field(default_factory=dict[str, Look])
    folders: Mapping[tuple[str, int, str], FolderLook] = field(default_factory=dict[tuple[str, int, str], FolderLook])

    def hashes(self, planned: Planned) -> list[str] | None:
        """Return the sha256 of the files a task names, None when one of them could not be read, or there is none."""
        found = [look.found for path in planned.files if (look := self.files.get(path))]
        known = [one.sha256 for one in found if one is not None and one.sha256]
        return known if known and len(known) == len(planned.files) else None


class Outlook:
    """Says what is to be expected of tasks."""

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection

    def refused(self, subjects: Sequence[Subject], known: Known) -> list[FieldError]:
        """Return the options that the apps of the tasks cannot do, where the apps are known, each once."""
        platforms: dict[tuple[int, str], tuple[Plan, str]] = {}
        for subject in subjects:
            if platform := subject.platform or app_on(known, subject.serial):
                platforms.setdefault((id(subject.plan), platform), (subject.plan, platform))
        found = [problem for plan, platform in platforms.values() for problem in plan.refused(platform)]
        return list(dict.fromkeys(found))

    # -- looking ---------------------------------------------------------------------------------------

    async def look(self, subjects: Sequence[Subject], known: Known) -> Looks:
        """Look at the files and folders of tasks."""
        files = await self._inspection.look([path for subject in subjects for path in subject.planned.files])
        folders: dict[tuple[str, int, str], FolderLook] = {}
        for subject in subjects:
            if (key := _folder_key(subject, known)) and key not in folders and len(folders) < _MOST_FOLDERS:
                folders[key] = await self._look_into(subject, key, known) or FolderLook()
        return Looks(files, folders)

    async def _look_into(self, subject: Subject, key: tuple[str, int, str], known: Known) -> FolderLook | None:
        folder, count, account = key
        platform = subject.platform or app_on(known, subject.serial)
        used = known.used_files(platform, account) if account and platform else frozenset[str]()
        return await self._inspection.call(lambda: self._folder(subject.plan, folder, count, account, used))

    def _folder(self, plan: Plan, folder: str, count: int, account: str, used: frozenset[str]) -> FolderLook:
        """Look into a folder. Blocking."""
        name = {"file": shown(folder)}
        try:
            real = self._inspection.real_path(folder)
            if real is None:
                return FolderLook(problem=("media_missing", Message(OUTSIDE, name)))
            view = plan.look_into(folder, account, self._inspection.media)
        except TaskFailedError as failure:
            sentence = Message(MISSING, name) if failure.code == "media_missing" else _said(failure)
            return FolderLook(problem=(failure.code, sentence))
        except (OSError, ValueError, RuntimeError):
            return FolderLook(problem=("media_missing", Message(MISSING, name)))
        found: set[str] = set()
        is_sure = not view.may_be_elsewhere
        for path in view.files:
            if len(found) >= count:
                break
            seen = self._inspection.at(str(path)).found
            if seen is None:
                is_sure = False
            elif (
                plan.media_issue(setting(plan.media_settings.folder), path.name, seen) is None
                and seen.sha256 not in used
            ):
                found.add(seen.sha256)
        return FolderLook(len(found), is_sure, view.written)

    # -- saying ----------------------------------------------------------------------------------------

    def issues(self, subjects: Sequence[Subject], known: Known, looks: Looks) -> list[list[Issue]]:
        """Return the issues of each task, in order; each is said to be of its target."""
        found: list[list[Issue]] = []
        alike: dict[Hashable, Sequence[Issue]] = {}
        for subject in subjects:
            own = [*_of_target(subject, known), *_of_content(subject, known, looks, alike)]
            found.append([replace(issue, target=subject.target) for issue in own] if own else own)
        return found


def _said(failure: TaskFailedError) -> Message:
    detail = failure.detail or FAILURES[failure.code].sentence
    return Message("%(text)s", {"text": detail.rstrip(".")})


def _folder_key(subject: Subject, known: Known) -> tuple[str, int, str] | None:
    if subject.planned.folder is None:
        return None
    platform = subject.platform or app_on(known, subject.serial)
    return *subject.planned.folder, subject.username or known.only_account(subject.serial, platform) or ""


def _of_target(subject: Subject, known: Known) -> Iterator[Issue]:
    serial = subject.serial
    if subject.username and known.is_disabled(subject.username, subject.platform):
        yield error("usernames", "account_disabled", Message(DISABLED, {"account": subject.username}))
    if serial is None:
        return
    if missing := known.missing_app(serial, subject.platform):
        field_ = "script_config.platform" if subject.plan.platform else "serials"
        yield error(field_, "app_not_installed", Message(NO_APP, {"app": missing, "serial": serial}))
        return
    if subject.planned.shape and (new := known.unmet(serial, subject.platform)):
        app, version = new
        facts = {"app": app, "serial": serial, "version": version}
        yield warning("serials", VERSION, Message(NEW_VERSION, facts))
    signed_in = known.signed_in.get(serial, {}).get(subject.platform or app_on(known, serial) or "")
    if signed_in is None or not subject.planned.shape:
        return
    if subject.username and username_key(subject.username) not in signed_in:
        facts = {"account": subject.username, "serial": serial}
        yield error("usernames", "not_logged_in", Message(SIGNED_OUT, facts))
    elif not signed_in:
        yield error("serials", "not_logged_in", Message(NOBODY_IN, {"serial": serial}))


def _of_content(
    subject: Subject, known: Known, looks: Looks, alike: dict[Hashable, Sequence[Issue]]
) -> Sequence[Issue]:
    """Return the issues of what a task publishes; tasks that publish the same named files are `alike`."""
    planned = subject.planned
    if planned.folder is not None or planned.library is not None:
        return [*_of_files(subject, looks), *_of_taken(subject, known, looks)]
    platform = subject.platform or app_on(known, subject.serial)
    key = (id(subject.plan), tuple(planned.files), planned.text, platform)
    if key not in alike:
        alike[key] = [*_of_files(subject, looks), *subject.plan.text_issues(planned.text, platform)]
    return alike[key]


def _of_files(subject: Subject, looks: Looks) -> Iterator[Issue]:
    for path in subject.planned.files:
        if issue := _of_file(subject, path, looks.files.get(path) or Look()):
            yield issue


def _of_taken(subject: Subject, known: Known, looks: Looks) -> Iterator[Issue]:
    """Yield the issues of what is taken from a folder or the library, which may bring a text of its own."""
    platform = subject.platform or app_on(known, subject.serial)
    planned, text = subject.planned, subject.planned.text
    if planned.folder is not None:
        look = looks.folders.get(_folder_key(subject, known) or ("", 0, "")) or FolderLook()
        yield from _of_folder(setting(subject.plan.media_settings.folder), planned.folder, look)
        if look.written is not None:
            text = subject.plan.one(subject.position, subject.seed, look.written).text
    said: Sequence[Issue] = subject.plan.text_issues(text, platform)
    if planned.library is not None and known.stock is not None:
        taken = known.stock.take(replace(planned.library, username=subject.username))
        yield from _of_library(setting(subject.plan.media_settings.source), taken, planned.library.count)
        if own := next((item.described.caption for item in taken or () if item.described.caption), None):
            # Which item it will be is known on paper only.
            own_issues = subject.plan.text_issues(own, platform)
            said = [replace(issue, severity=Severity.WARNING) for issue in own_issues]
    yield from said


def _of_file(subject: Subject, path: str, look: Look) -> Issue | None:
    field = setting(subject.plan.media_settings.files)
    if look.problem is not None:
        return error(field, "media_missing", look.problem)
    if look.found is None:
        return warning(field, NOT_CHECKED, Message(FILE_UNSURE, {"file": shown(path)}))
    return subject.plan.media_issue(field, shown(path), look.found)


def _of_folder(field: str, wanted: tuple[str, int], look: FolderLook) -> Iterator[Issue]:
    folder, count = wanted
    if look.problem is not None:
        yield error(field, *look.problem)
    elif look.found < count and look.is_sure:
        facts = {"folder": shown(folder), "found": str(look.found), "count": str(count)}
        yield error(field, "media_not_enough", Message(FOLDER_EMPTY, facts))
    elif look.found < count:
        yield warning(field, NOT_CHECKED, Message(FOLDER_UNSURE, {"folder": shown(folder)}))


def _of_library(field: str, taken: Sequence[Material] | None, count: int) -> Iterator[Issue]:
    if taken is None:
        yield warning(field, NOT_CHECKED, Message(LIBRARY_UNSURE))
    elif len(taken) < count:
        facts = {"found": str(len(taken)), "count": str(count)}
        yield error(field, "media_not_enough", Message(LIBRARY_EMPTY, facts))


def refuse_errors(issues: Sequence[Issue]) -> None:
    """Refuse what would fail as things are now.

    Raises:
        InvalidParametersError: with every issue that is an error.
    """
    errors = [
        FieldError(issue.field, str(issue.sentence), issue.target, issue.code) for issue in issues if issue.is_error
    ]
    if errors:
        raise InvalidParametersError(errors)
