"""The library: media that was uploaded, kept by content, and described for the tasks that take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from fleetlane.core.errors import ConflictError, FieldError, InvalidParametersError, NotFoundError
from fleetlane.core.material import Material, MaterialDescription, NewMaterial
from fleetlane.core.names import NAME_RULE, is_name
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.library import MaterialFiles, MaterialFilter, ReceivedFile
from fleetlane.core.ports.store import Repositories, Store

_MIME_OF_SUFFIX = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends. `name` is what he calls it."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class MaterialPage:
    """One page of materials, and how many the whole list has."""

    total: int
    materials: Sequence[Material]


@dataclass(frozen=True, slots=True)
class Added:
    """Materials that were uploaded. `known` are those whose content was there already, left as it was."""

    materials: Sequence[Material]
    known: Sequence[Material]


class Library:
    """Keeps materials.

    Args:
        store: where they are described.
        files: where their content is.
        clock: the time.
    """

    def __init__(self, store: Store, files: MaterialFiles, clock: Clock) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._moving = asyncio.Lock()
        """Held while files and rows are brought in step."""

    async def add(self, uploads: Sequence[Upload], described: MaterialDescription) -> Added:
        """Keep files and describe them: all of them, or none.

        Raises:
            InvalidParametersError: with every file that is not what its name says.
            StoreError: nothing was kept.
        """
        _check(described)
        received = await self._receive(uploads)
        async with self._moving:
            new = [
                _material(item, await asyncio.to_thread(self._files.keep, item), upload.name, described)
                for upload, item in zip(uploads, received, strict=True)
            ]
            now_ms = self._clock.now_ms()
            stored = await self._store.write(lambda r: [r.materials.add(material, now_ms) for material in new])
        materials = [material for material, _ in stored]
        return Added(materials, [material for material, is_new in stored if not is_new])

    async def _receive(self, uploads: Sequence[Upload]) -> list[ReceivedFile]:
        received: list[ReceivedFile] = []
        errors: list[FieldError] = []
        with ExitStack() as undo:
            for index, upload in enumerate(uploads):
                item = await asyncio.to_thread(self._files.receive, upload.stream)
                undo.callback(self._files.drop, item)
                received.append(item)
                if problem := _problem(upload.name, item):
                    errors.append(FieldError(f"file.{index}", f"{_called(upload.name)} {problem}"))
            if errors:
                raise InvalidParametersError(errors)
            undo.pop_all()
        return received

    async def page(self, wanted: MaterialFilter, number: int, size: int) -> MaterialPage:
        """Return page `number`, from 1, of the materials, in the order in which they are taken."""

        def read(repositories: Repositories) -> MaterialPage:
            found = repositories.materials.find(wanted, (number - 1) * size, size)
            return MaterialPage(repositories.materials.count(wanted), found)

        return await self._store.read(read)

    async def get(self, material_id: int) -> Material:
        """Return a material.

        Raises:
            NotFoundError: there is none.
        """
        return _found(await self._store.read(lambda r: r.materials.get(material_id)), material_id)

    async def some(self, material_ids: Sequence[int]) -> Sequence[Material]:
        """Return those of the materials that are there, in the order given."""

        def read(repositories: Repositories) -> list[Material | None]:
            return [repositories.materials.get(material_id) for material_id in material_ids]

        return [material for material in await self._store.read(read) if material is not None]

    def file(self, material: Material) -> Path:
        """Return where a material's content is."""
        return self._files.path(material.file)

    async def describe(
        self, material_id: int, change: Callable[[MaterialDescription], MaterialDescription]
    ) -> Material:
        """Change what is said of a material.

        Raises:
            NotFoundError: there is none.
            InvalidParametersError: the description is not valid.
        """

        def work(repositories: Repositories) -> Material | None:
            before = repositories.materials.get(material_id)
            if before is None:
                return None
            described = change(before.described)
            _check(described)
            return repositories.materials.describe(material_id, described)

        return _found(await self._store.write(work), material_id)

    async def free(self, material_id: int) -> Material:
        """Make a used material free again, so that it is taken once more.

        Raises:
            NotFoundError: there is none.
            ConflictError: a task holds it.
        """

        def work(repositories: Repositories) -> tuple[Material | None, Material | None]:
            return repositories.materials.get(material_id), repositories.materials.free(material_id)

        before, freed = await self._store.write(work)
        if _found(before, material_id) and freed is None:
            raise ConflictError(f"Material {material_id} is reserved by a task; stop the task first.")
        return _found(freed, material_id)

    async def delete(self, material_id: int) -> None:
        """Delete a material and its file.

        Raises:
            NotFoundError: there is none.
            ConflictError: a task holds it.
        """
        async with self._moving:
            deleted = await self._store.write(lambda r: r.materials.delete(material_id))
            if deleted is not None:
                await asyncio.to_thread(self._files.forget, deleted.file)
        if deleted is None:
            await self.get(material_id)
            raise ConflictError(f"Material {material_id} is reserved by a task; stop the task first.")


def _found(material: Material | None, material_id: int) -> Material:
    if material is None:
        raise NotFoundError("material", material_id)
    return material


def _material(item: ReceivedFile, file: str, name: str, described: MaterialDescription) -> NewMaterial:
    seen = item.seen
    assert seen.kind is not None
    return NewMaterial(
        sha256=seen.sha256,
        file=file,
        kind=seen.kind,
        mime_type=seen.mime_type,
        size_bytes=seen.size_bytes,
        duration_ms=seen.duration_ms,
        described=replace(described, name=_bare_name(name)),
    )


def _called(name: str) -> str:
    return repr(name[:100]) if name.strip() else "the file"


def _problem(name: str, item: ReceivedFile) -> str | None:
    suffix = PurePosixPath(name).suffix.lower()
    if not name.strip():
        return "has no name: send it with one that ends in .mp4, .jpg, .jpeg or .png"
    if suffix not in _MIME_OF_SUFFIX:
        return "is not named as an MP4, JPG or PNG file"
    if item.seen.problem:
        return f"cannot be kept: {item.seen.problem}"
    if item.seen.mime_type != _MIME_OF_SUFFIX[suffix]:
        return f"is not what its name says: it is {item.seen.mime_type}"
    return None


def _bare_name(name: str) -> str:
    """Return the last part of a file's name, whichever system it comes from."""
    bare = PureWindowsPath(PurePosixPath(name).name).name
    return "".join(c if c.isprintable() else "_" for c in bare)[-_LONGEST_NAME:]


def _check(described: MaterialDescription) -> None:
    if described.username is not None and not is_name(described.username):
        raise InvalidParametersError.one("username", NAME_RULE)
