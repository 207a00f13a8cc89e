"""The `post` script as the registry knows it: checks its settings, chooses the app, runs the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from fleetlane.core.account import USUAL_PLATFORM
from fleetlane.core.errors import InvalidParametersError, TaskFailedError
from fleetlane.core.outcome import Outcome
from fleetlane.scripts.apps import app_pack, installed_apps
from fleetlane.scripts.platforms import platform_in, platforms
from fleetlane.scripts.post.config import LONGEST_UPLOAD_WAIT_S, PostConfig, parse_config
from fleetlane.scripts.post.content import check_listed, drawn
from fleetlane.scripts.post.flow import PostFlow
from fleetlane.scripts.post.foresight import MEDIA_SETTINGS, PostPlan
from fleetlane.scripts.post.foresight import SENTENCES as FORESIGHT
from fleetlane.scripts.post.limits import SENTENCES as LIMITS
from fleetlane.scripts.post.verify import verify_post
from fleetlane.scripts.post.warnings import warnings_of
from fleetlane.scripts.script import Job


class PostScript:
    """Publishes the owner's video or images with the phone's own app."""

    name = "post"
    listed = True
    summary = "Publish videos or images to TikTok or Instagram"
    sentences = (*FORESIGHT, *LIMITS)
    media_settings = MEDIA_SETTINGS
    longest_extra_s = float(LONGEST_UPLOAD_WAIT_S)
    findable_by = ("caption", "profile")

    def extra_s(self, config: Mapping[str, Any]) -> float:
        """Return how long the upload may be waited for, in seconds."""
        wait_s = config.get("upload_wait_time", 0)
        return min(max(wait_s, 0), self.longest_extra_s) if isinstance(wait_s, int) else 0.0

    def platform(self, config: Mapping[str, Any]) -> str | None:
        """Return the platform that is named."""
        return platform_in(config)

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Check a `script_config` and return warnings."""
        parsed = parse_config(config)
        pack = app_pack(parsed.platform or USUAL_PLATFORM)
        return warnings_of(parsed, pack) if pack else []

    def plan(self, config: Mapping[str, Any]) -> PostPlan:
        """Return what posts with these settings would be."""
        return PostPlan(parse_config(config))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `script_config`."""
        schema = dict(_schema())
        properties = dict(schema["properties"])
        choices = [{"type": "string", "enum": list(platforms())}, {"type": "null"}]
        properties["platform"] = {**properties["platform"], "anyOf": choices}
        return {**schema, "properties": properties}

    def preview(self, config: Mapping[str, Any], position: int, seed: int) -> str:
        """Return the caption of one task, unless its media brings one of its own."""
        return drawn(parse_config(config), position, seed)

    def run(self, job: Job) -> Outcome:
        """Publish."""
        config = _config(job)
        with job.phone.step("check the media", picture=False):
            check_listed(job, config)
        [(pack, package), *_] = installed_apps(job.phone, config.platform or job.task.platform)
        return PostFlow(job, config, pack=pack, package=package).run()

    def verify(self, job: Job, facts: Mapping[str, Any]) -> Outcome:
        """Look for the post of the attempt before."""
        return verify_post(job, _config(job), facts)


@cache
def _schema() -> Mapping[str, Any]:
    return PostConfig.model_json_schema()


def _config(job: Job) -> PostConfig:
    try:
        return parse_config(job.task.script_config)
    except InvalidParametersError as error:
        raise TaskFailedError("config_invalid", str(error)) from error


SCRIPT = PostScript()
