"""What posts would be, by their settings alone: looked at when a task is made, and again before it is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from fleetlane.core.captions import CaptionFormat, draw, guess_format
from fleetlane.core.errors import FieldError
from fleetlane.core.issue import IGNORED, Issue, error, warning
from fleetlane.core.material import MaterialRequest, parse_tags
from fleetlane.core.media.files import MediaKind
from fleetlane.core.message import Message
from fleetlane.core.ports.media import Inspected
from fleetlane.core.ports.sources import MediaFiles
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.apps import app_pack
from fleetlane.scripts.media_settings import MediaSettings
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.platforms import platform_rule
from fleetlane.scripts.post.config import AddSound, MediaSource, PostConfig, PostWay
from fleetlane.scripts.post.content import named_files
from fleetlane.scripts.post.folder import MediaFolder
from fleetlane.scripts.post.limits import over_limits, titled
from fleetlane.scripts.post.media_files import is_named_as, kind_by_name
from fleetlane.scripts.post.posting_page import not_offered, takes_caption
from fleetlane.scripts.script import FolderView, Planned

NO_MEDIA_NAME = "%(file)s is not an MP4, JPG or PNG file by its name"
NOT_WHOLE = "%(file)s cannot be published: %(problem)s"
NOT_ITS_NAME = "%(file)s is not what its name says: it is %(kind)s"
NO_VIDEO = "%(file)s is not a video (MP4)"
NO_IMAGE = "%(file)s is not an image (JPG or PNG)"
ONE_VIDEO = "%(option)s has no effect: content_type 0 publishes one video"
NO_SOUND = "%(option)s has no effect: no sound is added"
NEEDS = "%(option)s has no effect: it needs %(needs)s"
NO_LIBRARY = "%(option)s has no effect: the library is not used"
NO_FOLDER = "%(option)s has no effect: no folder is used"
TOO_MANY_IMAGES = "%(app)s takes at most %(most)s images in one post; this one has %(count)s"
SENTENCES = (
    *(NO_MEDIA_NAME, NOT_WHOLE, NOT_ITS_NAME, NO_VIDEO, NO_IMAGE, TOO_MANY_IMAGES),
    *(ONE_VIDEO, NO_SOUND, NEEDS, NO_LIBRARY, NO_FOLDER),
)
MEDIA_SETTINGS = MediaSettings("material_list", "content_type", "material_path", "material_source")
_CAPTIONS = "script_config.captions"


class PostPlan:
    """What posts with the same settings would be (`scripts.script.Plan`)."""

    def __init__(self, config: PostConfig) -> None:
        self._config = config
        self._plain: dict[int, Planned] = {}
        """What tasks without a text of their own publish, by the file whose turn it is."""
        self._refused: dict[str, Sequence[FieldError]] = {}
        self._said: dict[tuple[str, str | None], Sequence[Issue]] = {}

    media_settings = MEDIA_SETTINGS

    @property
    def platform(self) -> str | None:
        """Return the platform that the settings name."""
        return self._config.platform

    @property
    def is_rehearsal(self) -> bool:
        """Return whether nothing is published."""
        return self._config.dry_run

    def refused(self, platform: str) -> Sequence[FieldError]:
        """Return the options that a platform's app cannot do, and are not at their default."""
        if platform not in self._refused:
            pack = app_pack(platform)
            found = not_offered(pack, self._config) if pack else [("platform", platform_rule())]
            self._refused[platform] = [FieldError(f"script_config.{name}", problem) for name, problem in found]
        return self._refused[platform]

    def idle(self) -> Sequence[Issue]:
        """Return the options that are given and have no effect beside the others."""
        return [
            warning(f"script_config.{option}", IGNORED, Message(template, {"option": option, "needs": needs}))
            for option, template, needs, is_idle in _idle(self._config)
            if is_idle
        ]

    def one(self, position: int, seed: int, written: str | None = None) -> Planned:
        """Return what one task would publish; `written` is a folder's own text."""
        config = self._config
        turn = position % max(1, len(config.material_list))
        if written is None and self._form is CaptionFormat.PLAIN and turn in self._plain:
            return self._plain[turn]
        found = self._one(position, seed, written)
        if written is None and self._form is CaptionFormat.PLAIN:
            self._plain[turn] = found
        return found

    def _one(self, position: int, seed: int, written: str | None) -> Planned:
        config = self._config
        if written is not None:
            text = draw(written, CaptionFormat.SPINTAX, position, seed)
        else:
            form = self._form
            text = config.captions if form is CaptionFormat.PLAIN else draw(config.captions, form, position, seed)
        return Planned(
            files=named_files(config, position),
            library=self._wish if config.source is MediaSource.LIBRARY else None,
            folder=(config.material_path, config.count) if config.source is MediaSource.FOLDER else None,
            text=text,
            shape=self._shape,
        )

    @cached_property
    def _form(self) -> CaptionFormat:
        return self._config.format or guess_format(self._config.captions)

    @cached_property
    def _shape(self) -> str:
        return f"{self._config.kind.value} {self._config.placement}"

    @cached_property
    def _wish(self) -> MaterialRequest:
        return MaterialRequest(self._config.kind, self._config.count, parse_tags(self._config.materials_tags))

    # -- texts -----------------------------------------------------------------------------------------

    def text_issues(self, text: str, platform: str | None) -> Sequence[Issue]:
        """Return what is to be said of a text on a platform; None: it is not known on which."""
        key = (text, platform)
        if key not in self._said:
            if len(self._said) > 1000:
                self._said.clear()
            self._said[key] = self._issues(text, platform)
        return self._said[key]

    def _issues(self, text: str, platform: str | None) -> list[Issue]:
        packs = [pack for pack in load_packs() if pack.packages and platform in (None, pack.app)]
        packs = [pack for pack in packs if takes_caption(pack, self._config)]
        per_pack = [self._over(text, pack) for pack in packs]
        found: list[Issue] = []
        for limit in dict.fromkeys(name for over in per_pack for name in over):
            hit = [over[limit] for over in per_pack if limit in over]
            make = error if len(hit) == len(packs) else warning
            found.append(make(_CAPTIONS, "caption_too_long", hit[0]))
        if platform is not None:
            for pack in packs:
                found += [warning(_CAPTIONS, IGNORED, said) for said in titled(text, self._config, pack)[1]]
                found += self._too_many_images(pack)
        return found

    def _over(self, text: str, pack: Pack) -> Mapping[str, Message]:
        return over_limits(titled(text, self._config, pack)[0], self._config.kind, pack)

    def _too_many_images(self, pack: Pack) -> list[Issue]:
        most, count = int(pack.facts.get("most_images", 0)), self._config.count
        if self._config.kind is not MediaKind.IMAGE or not most or count <= most:
            return []
        facts = {"app": str(pack.label), "most": str(most), "count": str(count)}
        return [warning("script_config.image_count", "step_unavailable", Message(TOO_MANY_IMAGES, facts))]

    # -- media -----------------------------------------------------------------------------------------

    def media_issue(self, field: str, name: str, found: Inspected) -> Issue | None:
        """Return what is wrong with a file that was looked at, None when it can be published."""
        sentence = self._wrong(name, found)
        return error(field, "media_invalid", sentence) if sentence else None

    def _wrong(self, name: str, found: Inspected) -> Message | None:
        file = {"file": name}
        if kind_by_name(name) is None:
            return Message(NO_MEDIA_NAME, file)
        if found.problem is not None or found.kind is None:
            problem = (found.problem or "it holds no complete video or image").rstrip(".")
            return Message(NOT_WHOLE, {**file, "problem": problem})
        if not is_named_as(name, found.mime_type):
            return Message(NOT_ITS_NAME, {**file, "kind": found.mime_type})
        if found.kind is not self._config.kind:
            return Message(NO_VIDEO if self._config.kind is MediaKind.VIDEO else NO_IMAGE, file)
        return None

    def look_into(self, folder: str, username: str, media: MediaFiles) -> FolderView:
        """Return what an account ("" when it is not known) finds in a folder."""
        found = MediaFolder(folder, username, media)
        return FolderView(
            files=found.listed(self._config.kind),
            written=found.template(),
            may_be_elsewhere=not username and found.has_own_folders,
        )


def _idle(config: PostConfig) -> list[tuple[str, str, str, bool]]:
    """Return options, the sentence that says why each could have no effect, what it needs, and whether it has none."""
    adds = config.add_sound in (AddSound.ADD, AddSound.CUSTOM)
    used, custom = config.post_way == PostWay.USE_SOUND, config.add_sound is AddSound.CUSTOM
    return [
        ("image_count", ONE_VIDEO, "", config.content_type == 0 and config.image_count != 1),
        ("origin_sound_volume", NO_SOUND, "", config.origin_sound_volume != 50 and not adds),
        ("add_sound_volume", NO_SOUND, "", config.add_sound_volume != 50 and not adds),
        ("sound_name", NEEDS, "post_way useSound", bool(config.sound_name) and not used),
        ("custom_sound_keyword", NEEDS, "add_sound custom", bool(config.custom_sound_keyword) and not custom),
        ("materials_tags", NO_LIBRARY, "", bool(config.materials_tags) and config.source != MediaSource.LIBRARY),
        ("material_path", NO_FOLDER, "", bool(config.material_path) and config.source != MediaSource.FOLDER),
    ]
