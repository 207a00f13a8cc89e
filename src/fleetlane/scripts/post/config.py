"""The settings of a post: names, types and defaults of the documented API."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from fleetlane.core.errors import FieldError, InvalidParametersError


class PostWay(StrEnum):
    """How the media comes into the app."""

    SHARE = "share"
    ADD_BUTTON = "addButton"
    USE_SOUND = "useSound"


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be 0 or 1, not true or false")  # noqa: TRY004 - pydantic wants this one
    return value


ZeroOrOne = Annotated[Literal[0, 1], BeforeValidator(_no_bool)]


class PostConfig(BaseModel):
    """`script_config` of the `post` script."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    content_type: ZeroOrOne = Field(0, description="0 video, 1 images")
    captions: str = Field("", description="The caption, or several; see caption_format")
    post_way: str = Field("share", description="share, addButton or useSound")
    material_list: list[str] = Field(
        default_factory=list,
        description="Paths of the media files on the server's computer, used as they are",
    )
    upload_wait_time: int = Field(
        30, ge=1, le=3600, description="Upper bound in seconds to wait for the end of the upload"
    )
    platform: Literal["tiktok", "instagram"] | None = Field(
        None,
        description="The app to publish with; absent: the account's, else the one that is installed, TikTok first",
    )
    dry_run: bool = Field(
        False, description="Go to the last screen, take a picture of it, and leave without publishing"
    )

    @field_validator("post_way")
    @classmethod
    def _known_way(cls, value: str) -> str:
        way = "addButton" if value == "add_button" else value
        if way not in set(PostWay):
            raise ValueError('must be "share", "addButton" or "useSound"')
        return way


def parse_config(raw: Mapping[str, Any]) -> PostConfig:
    """Return the settings in a `script_config`.

    Raises:
        InvalidParametersError: with every field that is wrong.
    """
    try:
        return PostConfig.model_validate(dict(raw))
    except ValidationError as error:
        raise InvalidParametersError(field_errors(error, "script_config")) from error


def field_errors(error: ValidationError, prefix: str) -> list[FieldError]:
    """Return pydantic's findings as field errors with dotted paths below `prefix`."""
    found: list[FieldError] = []
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join([prefix, *(str(part) for part in item["loc"])])
        found.append(FieldError(path, item["msg"].removeprefix("Value error, ")))
    return found
