"""The settings of a post: names, types and defaults of the documented API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from fleetlane.core.captions import LONGEST_TEMPLATE, CaptionFormat, guess_format
from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.core.lines import lines_of
from fleetlane.core.media.files import MediaKind
from fleetlane.scripts.platforms import platform_rule, platforms

MOST_IMAGES = 35
LONGEST_UPLOAD_WAIT_S = 3_600
_LARGEST_CAPTIONS_BYTES = 2_000_000
_LONGEST_TEXT = 1_000
_SOUND_LINK = re.compile(r"https://([a-z0-9-]+\.)*tiktok\.com/[^\s]{1,500}", re.IGNORECASE)


class PostWay(StrEnum):
    """How the media comes into the app."""

    SHARE = "share"
    ADD_BUTTON = "addButton"
    USE_SOUND = "useSound"


class AddSound(StrEnum):
    """What is done about the sound of a post."""

    DEFAULT = "-1"
    """The app's own choice."""
    NONE = "0"
    """No added sound; one that the app added is taken off."""
    ADD = "1"
    """The first one that the app offers."""
    CUSTOM = "custom"
    """The first one found for `custom_sound_keyword`."""


class MediaSource(StrEnum):
    """Where the media comes from."""

    LIST = "list"
    LIBRARY = "materialLibrary"
    FOLDER = "localFolder"


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be 0 or 1, not true or false")  # noqa: TRY004 - pydantic wants this one
    return value


def _sound_word(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


ZeroOrOne = Annotated[Literal[0, 1], BeforeValidator(_no_bool)]
Volume = Annotated[int, Field(ge=0, le=100)]


class PostConfig(BaseModel):
    """`script_config` of the `post` script."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    content_type: ZeroOrOne = Field(0, description="0 video, 1 images")
    image_count: int = Field(
        1,
        ge=1,
        le=MOST_IMAGES,
        description="How many images to take from the library or a folder; with material_list, absent: all of it",
    )
    captions: str = Field(
        "", max_length=_LARGEST_CAPTIONS_BYTES, description="The caption, or several; see caption_format"
    )
    caption_format: Literal["multiline", "spintax"] | None = Field(
        None,
        description="multiline: each line is one caption, used in turn; spintax: {a|b} picks one; absent: by the text",
    )
    post_way: str = Field("share", description="share, addButton or useSound")
    material_source: str = Field(
        "materialLibrary", description="materialLibrary or localFolder; not used when material_list is given"
    )
    material_path: str = Field("", max_length=4096, description="The folder; needed for localFolder")
    material_list: list[Annotated[str, Field(min_length=1, max_length=4096)]] = Field(
        default_factory=list,
        max_length=1000,
        description="Paths of the media files on the server's computer, used as they are",
    )
    materials_tags: str = Field(
        "", max_length=_LONGEST_TEXT, description="Comma list: library items having any of them"
    )
    upload_wait_time: int = Field(
        30,
        ge=1,
        le=LONGEST_UPLOAD_WAIT_S,
        description="Seconds to wait for the end of the upload; longer while it visibly runs",
    )
    sound_wait_time: int = Field(10, ge=1, le=600, description="Upper bound in seconds to wait for a sound to load")
    add_sound: Annotated[AddSound, BeforeValidator(_sound_word)] = Field(
        AddSound.DEFAULT,
        strict=False,
        description="-1 the app's default, 0 no added sound, 1 add one, custom: search custom_sound_keyword",
    )
    sound_name: str = Field(
        "", max_length=_LONGEST_TEXT, description="Name or https link of a sound; needed for useSound"
    )
    custom_sound_keyword: str = Field("", max_length=200, description="Needed for add_sound = custom")
    origin_sound_volume: Volume = Field(50, description="0 to 100; used when a sound is added")
    add_sound_volume: Volume = Field(50, description="0 to 100; used when a sound is added")
    add_product_link: ZeroOrOne = Field(0, description="TikTok: 1 adds the first product of the account")
    placement: Literal["reel", "story"] = Field("reel", description="Instagram: reel or story")
    platform: str | None = Field(
        None,
        description="The app to publish with; absent: the account's, else the one that is installed, TikTok first",
    )
    dry_run: bool = Field(
        False, description="Go to the last screen, take a picture of it, and leave without publishing"
    )

    @field_validator("captions")
    @classmethod
    def _whole_text(cls, value: str) -> str:
        if "\0" in value:
            raise ValueError("must not hold a NUL character, at which texts are cut off")
        return value

    @field_validator("post_way")
    @classmethod
    def _known_way(cls, value: str) -> str:
        way = "addButton" if value == "add_button" else value
        if way not in set(PostWay):
            raise ValueError('must be "share", "addButton" or "useSound"')
        return way

    @field_validator("material_source")
    @classmethod
    def _known_source(cls, value: str) -> str:
        if value not in (MediaSource.LIBRARY, MediaSource.FOLDER):
            raise ValueError('must be "materialLibrary" or "localFolder"')
        return value

    @field_validator("platform")
    @classmethod
    def _known_platform(cls, value: str | None) -> str | None:
        if value not in (None, *platforms()):
            raise ValueError(platform_rule())
        return value

    @property
    def kind(self) -> MediaKind:
        """Return what is published."""
        return MediaKind.VIDEO if self.content_type == 0 else MediaKind.IMAGE

    @property
    def source(self) -> MediaSource:
        """Return where the media comes from."""
        return MediaSource.LIST if self.material_list else MediaSource(self.material_source)

    @property
    def count(self) -> int:
        """Return how many files a post takes."""
        if self.kind is MediaKind.VIDEO:
            return 1
        if self.material_list and "image_count" not in self.model_fields_set:
            return len(self.material_list)
        return self.image_count

    @property
    def format(self) -> CaptionFormat | None:
        """Return how the captions are written, None when the text shall tell."""
        return CaptionFormat(self.caption_format) if self.caption_format else None

    @property
    def sets_sound(self) -> bool:
        """Return whether the app's own choice of sound is changed."""
        return self.post_way == PostWay.USE_SOUND or self.add_sound is not AddSound.DEFAULT


def parse_config(raw: Mapping[str, Any]) -> PostConfig:
    """Return the settings in a `script_config`.

    Raises:
        InvalidParametersError: with every field that is wrong.
    """
    try:
        config = PostConfig.model_validate(dict(raw))
    except ValidationError as error:
        raise InvalidParametersError(field_errors(error, "script_config")) from error
    if errors := [FieldError(f"script_config.{name}", message) for name, message in _contradictions(config)]:
        raise InvalidParametersError(errors)
    return config


def _contradictions(config: PostConfig) -> list[tuple[str, str]]:
    found = [("captions", problem) for problem in _too_long(config)]
    if config.source is MediaSource.FOLDER and not config.material_path.strip():
        found.append(("material_path", "is needed for material_source = localFolder"))
    if config.add_sound is AddSound.CUSTOM and not config.custom_sound_keyword.strip():
        found.append(("custom_sound_keyword", "is needed for add_sound = custom"))
    if config.post_way == PostWay.USE_SOUND:
        if not config.sound_name.strip() and config.source is not MediaSource.FOLDER:
            found.append(("sound_name", "is needed for post_way = useSound"))
        if config.add_sound is not AddSound.DEFAULT:
            found.append(("add_sound", "must be -1 with post_way = useSound, which brings a sound of its own"))
    if "://" in config.sound_name and not is_sound_link(config.sound_name):
        found.append(("sound_name", "a link must be an https link to tiktok.com"))
    if config.content_type == 1 and config.count > MOST_IMAGES:
        found.append(("material_list", f"at most {MOST_IMAGES} images can be in one post"))
    if config.content_type == 1 and config.material_list and config.count > len(config.material_list):
        found.append(("image_count", f"is more than the {len(config.material_list)} files of material_list"))
    return found


def _too_long(config: PostConfig) -> Iterator[str]:
    """Yield what is wrong with how much text there is: every line and template is read again for each task."""
    if len(config.captions.encode("utf-8", "replace")) > _LARGEST_CAPTIONS_BYTES:
        yield f"must not hold more than {_LARGEST_CAPTIONS_BYTES} bytes"
    elif (config.format or guess_format(config.captions)) is not CaptionFormat.MULTILINE:
        if len(config.captions) > LONGEST_TEMPLATE:
            yield f"one caption, or template of captions, must not have more than {LONGEST_TEMPLATE} characters"
    elif long := next((n for n, line in enumerate(lines_of(config.captions), 1) if len(line) > LONGEST_TEMPLATE), None):
        yield f"one line must not have more than {LONGEST_TEMPLATE} characters; the caption number {long} has more"


def is_sound_link(text: str) -> bool:
    """Return whether a sound is named by its link."""
    return bool(_SOUND_LINK.fullmatch(text.strip()))


def field_errors(error: ValidationError, prefix: str) -> list[FieldError]:
    """Return pydantic's findings as field errors with dotted paths below `prefix`."""
    found: list[FieldError] = []
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join([prefix, *(str(part) for part in item["loc"])])
        found.append(FieldError(path, item["msg"].removeprefix("Value error, ")))
    return found
