"""The packs in force: those that come with Fleetlane, and over them what their user says.

A file of the user's folder (`*.yaml`) is a whole pack, which takes the place of the one for the same app or adds an
app, or a patch of a pack (see `patches`). Whole packs are laid first, then patches, each by file name; the packages
that the setting `app_packages` names come last. A file that is wrong changes nothing: what it held before stays in
force, until the server ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from fleetlane.core.document import mapping, text_of
from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.packs import source
from fleetlane.scripts.packs.loader import pack_of, shipped, shipped_packs
from fleetlane.scripts.packs.patches import PATCHES, Document, patched

APP_PACKAGES = "app_packages"
"""What the setting is called in sentences about it."""
AppPackages = Mapping[str, Sequence[str]]
"""Android packages by app: `{"instagram": ["com.instagram.androim"]}`."""
_Seen = tuple[tuple[str, int, int], ...]
"""Name, time of the last change (ns) and size (bytes) of each file of a folder."""


@dataclass(frozen=True, slots=True)
class HeldPack:
    """A pack in force.

    Attributes:
        pack: what it says.
        files: the files of the user's folder that it is made of, in order; none: it is as it came with Fleetlane.
        document: the YAML it was made from.
        is_shipped: whether it came with Fleetlane, whatever lies over it; the user's own whole pack did not.
        named: the packages that the setting `app_packages` names.
    """

    pack: Pack
    document: Document
    files: Sequence[str] = ()
    is_shipped: bool = False
    named: Sequence[str] = ()

    def with_packages(self, packages: Sequence[str]) -> HeldPack:
        """Return the pack with further packages of its app, after its own."""
        document = patched(self.document, {"packages": list(packages)}, APP_PACKAGES)
        return replace(self, pack=pack_of(document, APP_PACKAGES), document=document, named=tuple(packages))


@dataclass(frozen=True, slots=True)
class InForce:
    """The packs in force, by app and in the order in which they are tried; and what is wrong with the user's files.

    `files` are those of the user's folder that hold, by name: their hash (the first 8 digits of the sha256).
    `misnamed` is what is wrong with the packages that the setting names.
    """

    held: Mapping[str, HeldPack]
    problems: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    misnamed: Sequence[str] = ()

    @property
    def packs(self) -> tuple[Pack, ...]:
        """Return the packs alone."""
        return tuple(one.pack for one in self.held.values())

    def with_file(self, file: PackFile) -> InForce:
        """Return what is in force with one more file of the user's.

        Raises:
            PackError: it is wrong, or does not fit what is there.
        """
        app = str(file.document.get(PATCHES) or file.document.get("app"))
        former = self.held.get(app)
        if PATCHES in file.document:
            if former is None:
                known = ", ".join(self.held)
                raise PackError(source.place(file.name, file.document, PATCHES), f"no pack {app!r}; known: {known}")
            document, files = patched(former.document, file.document, file.name), (*former.files, file.name)
            new = replace(former, pack=pack_of(document, file.name), document=document, files=files)
        else:
            if former is not None and former.files:
                raise PackError(file.name, f"{former.files[0]} is a pack for {app!r} already; remove one of them")
            new = HeldPack(pack_of(file.document, file.name), file.document, (file.name,))
        return replace(self, held={**self.held, app: new}, files={**self.files, file.name: file.digest})

    def with_packages(self, named: AppPackages) -> InForce:
        """Return what is in force with further packages of the apps.

        Those of an app are left out when one of them is wrong; `misnamed` says what is.
        """
        made = self
        for app, packages in named.items():
            if faults := [f"{APP_PACKAGES}.{app}: {fault}" for fault in made._misfits(app, packages)]:
                made = replace(made, misnamed=(*made.misnamed, *faults))
            else:
                made = replace(made, held={**made.held, app: made.held[app].with_packages(packages)})
        return made

    def _misfits(self, app: str, packages: Sequence[str]) -> Iterator[str]:
        apps = {name: held.pack for name, held in self.held.items() if held.pack.packages}
        if app not in apps:
            yield f"there is no app {app!r}; known: {', '.join(apps)}"
            return
        for package in packages:
            for name, other in apps.items():
                if name != app and package in other.drawn_by:
                    yield f"{package} is {other.label}'s already"


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of the user's folder, as far as it is YAML."""

    name: str
    digest: str
    document: Document

    @classmethod
    def of(cls, name: str, text: str) -> PackFile:
        """Return a file by its name and text.

        Raises:
            PackError: it is no YAML mapping.
        """
        return cls(name, sha256(text.encode()).hexdigest()[:8], mapping(source.read(text, name), name))


class PackFolder:
    """Holds the packs in force. Its methods may be called from any thread; reading is what `use` and `refresh` do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._named: AppPackages = {}
        self._seen: _Seen = ()
        self._good: dict[str, PackFile] = {}
        self._now: InForce | None = None

    @property
    def now(self) -> InForce:
        """Return the packs in force."""
        return self._now or _as_shipped()

    def use(self, folder: Path | None, named: AppPackages | None = None) -> InForce:
        """Lay a folder over the packs that come with Fleetlane, and return what is in force then.

        Args:
            folder: of the user's own packs; None for none.
            named: further packages of the apps, by app.
        """
        with self._lock:
            self._folder, self._named, self._good = folder, named or {}, {}
            self._take(_seen_in(folder))
            return self.now

    def refresh(self) -> bool:
        """Read the folder if a file of it has changed. Returns whether one had. Blocking.

        Until one has, this costs one listing of the folder.
        """
        with self._lock:
            seen = _seen_in(self._folder)
            if seen == self._seen:
                return False
            self._take(seen)
            return True

    def _take(self, seen: _Seen) -> None:
        self._seen, self._now = seen, self._composed([name for name, _, _ in seen])

    def _composed(self, names: Sequence[str]) -> InForce:
        problems: list[str] = []
        made = _as_shipped()
        files = [] if self._folder is None else list(self._read(self._folder, names, problems))
        for file in sorted(files, key=lambda one: (PATCHES in one.document, one.name)):
            made = self._with(made, file, problems)
        self._good = {name: file for name, file in self._good.items() if name in names}
        return replace(made.with_packages(self._named), problems=tuple(problems))

    def _read(self, folder: Path, names: Sequence[str], problems: list[str]) -> Iterator[PackFile]:
        for name in names:
            try:
                yield PackFile.of(name, text_of(folder / name))
            except PackError as error:
                former = self._good.get(name)
                problems.append(_refused(error, has_former=former is not None))
                if former is not None:
                    yield former

    def _with(self, made: InForce, file: PackFile, problems: list[str]) -> InForce:
        former = self._good.get(file.name)
        try:
            new = made.with_file(file)
        except PackError as error:
            if former is None or former == file:
                problems.append(_refused(error, has_former=False))
                return made
            problems.append(_refused(error, has_former=True))
            return self._with(made, former, problems)
        self._good[file.name] = file
        return new


def _seen_in(folder: Path | None) -> _Seen:
    if folder is None or not folder.is_dir():
        return ()
    found: list[tuple[str, int, int]] = []
    for path in folder.glob("*.yaml"):
        with suppress(FileNotFoundError):  # it has just been removed
            stat = path.stat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


def _refused(error: PackError, *, has_former: bool) -> str:
    stays = "what this file said before stays in force" if has_former else "this file is not in force"
    return f"{error}; {stays}"


@cache
def _as_shipped() -> InForce:
    packs, documents = shipped_packs(), shipped()
    return InForce({app: HeldPack(pack, documents[app], is_shipped=True) for app, pack in packs.items()})


PACKS = PackFolder()
"""The packs in force in this process."""


def load_packs() -> tuple[Pack, ...]:
    """Return the packs in force: the system's first, then the apps'."""
    return PACKS.now.packs
