"""What one task publishes: its media, its text and its sound, found and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetlane.core.captions import Caption, CaptionFormat, draw, guess_format
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.material import parse_tags
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.post.config import MediaSource, PostConfig, PostWay, is_sound_link
from fleetlane.scripts.post.folder import MediaFolder
from fleetlane.scripts.post.limits import over_limits, titled
from fleetlane.scripts.post.media_files import MediaFile, open_files, open_material
from fleetlane.scripts.script import Job


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound to use: its name to search for, or its link."""

    text: str

    @property
    def is_link(self) -> bool:
        """Return whether it is named by its link."""
        return is_sound_link(self.text)


@dataclass(frozen=True, slots=True)
class Content:
    """What is published.

    `sound` is the one to use (post_way useSound). `passed_over` names files of a folder that cannot be published.
    """

    files: tuple[MediaFile, ...]
    caption: Caption
    sound: Sound | None = None
    warnings: tuple[str, ...] = ()
    passed_over: str = ""


def find_content(job: Job, config: PostConfig, pack: Pack, account: str) -> Content:
    """Return what a task publishes; library items and files of a folder are reserved for it.

    Args:
        job: the task.
        config: its settings.
        pack: the app it is published with.
        account: the handle it is published on.

    Raises:
        TaskFailedError: media or text cannot be used; says which.
    """
    folder = MediaFolder(config.material_path, account, job.media) if config.source is MediaSource.FOLDER else None
    files, own_caption = _files(job, config, folder, f"{pack.app}:{account.casefold()}")
    written, form = config.captions, config.format
    if own_caption:
        written, form = own_caption, CaptionFormat.PLAIN
    elif folder is not None and (spintax := folder.template()):
        written, form = spintax, CaptionFormat.SPINTAX
    text = draw(written, form or guess_format(written), job.task.position, job.task.seed)
    caption, warnings = titled(text, config, pack)
    if problem := next(iter(over_limits(caption, config.kind, pack).values()), None):
        raise TaskFailedError("caption_too_long", str(problem))
    told = [str(warning) for warning in warnings]
    passed_over = folder.bad_files if folder is not None else ""
    if passed_over:
        told.append(f"files of the folder were passed over: {passed_over}")
    return Content(tuple(files), caption, _sound(job, config, folder), tuple(told), passed_over)


def drawn(config: PostConfig, position: int, seed: int) -> str:
    """Return the text that the settings give one task."""
    return draw(config.captions, config.format or guess_format(config.captions), position, seed)


def named_files(config: PostConfig, position: int) -> list[str]:
    """Return the paths that `material_list` gives one task: a video, in turn over the tasks of a request, or images."""
    paths = config.material_list
    if config.content_type == 0:
        return [paths[position % len(paths)]] if paths else []
    return paths[: config.count]


def check_listed(job: Job, config: PostConfig) -> None:
    """Look at files the task names itself, and bring them to this computer, before a phone is touched.

    Raises:
        TaskFailedError: one cannot be used.
    """
    if config.source is MediaSource.LIST:
        _listed(job, config)


def _listed(job: Job, config: PostConfig) -> list[MediaFile]:
    return open_files(named_files(config, job.task.position), config.kind, job.media)


def _files(
    job: Job, config: PostConfig, folder: MediaFolder | None, account_key: str
) -> tuple[Sequence[MediaFile], str]:
    """Return the files, and the caption that one of them brings."""
    if config.source is MediaSource.LIST:
        return _listed(job, config), ""
    if folder is not None:
        return folder.take(config.kind, config.count, account_key, job.shelf), ""
    tags = parse_tags(config.materials_tags)
    taken = job.shelf.take(config.kind, config.count, tags, account_key.partition(":")[2])
    if not taken:
        wish = f" with any of the tags {', '.join(tags)}" if tags else ""
        raise TaskFailedError(
            "media_not_enough", f"The library has fewer than {config.count} free {config.kind.value} files{wish}."
        )
    files = [open_material(item.path, config.kind, job.inspector) for item in taken]
    return files, next((item.caption for item in taken if item.caption), "")


def _sound(job: Job, config: PostConfig, folder: MediaFolder | None) -> Sound | None:
    if config.post_way != PostWay.USE_SOUND:
        return None
    written = config.sound_name.strip()
    if not written and folder is not None:
        position = job.task.position
        written = folder.line("sound_urls.txt", position) or folder.line("sound_names.txt", position) or ""
    if not written:
        raise TaskFailedError("config_invalid", "useSound needs sound_name, sound_urls.txt or sound_names.txt.")
    if "://" in written and not is_sound_link(written):
        raise TaskFailedError("config_invalid", f"{written[:100]!r} is no https link to tiktok.com.")
    return Sound(written)
