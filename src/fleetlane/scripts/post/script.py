"""The `post` script as the registry knows it: checks its settings, chooses the app, runs the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetlane.core.errors import InvalidParametersError, TaskFailedError
from fleetlane.core.media import MediaKind
from fleetlane.core.outcome import Outcome
from fleetlane.core.recognition import Pack
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.post.config import PostConfig, PostWay, parse_config
from fleetlane.scripts.post.flow import PostFlow
from fleetlane.scripts.post.materials import open_materials
from fleetlane.scripts.script import Job


class PostScript:
    """Publishes the owner's video or images with the phone's own TikTok or Instagram app."""

    name = "post"
    offered = True
    summary = "Publish videos or images to TikTok or Instagram"

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Check a `script_config` and return warnings."""
        parse_config(config)
        unknown = sorted(set(config) - set(PostConfig.model_fields))
        return [f"script_config.{key} is not known and was ignored" for key in unknown]

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `script_config`."""
        return PostConfig.model_json_schema()

    def run(self, job: Job) -> Outcome:
        """Publish."""
        try:
            config = parse_config(job.task.script_config)
        except InvalidParametersError as error:
            raise TaskFailedError("config_invalid", str(error)) from error
        if not config.material_list:
            raise TaskFailedError("media_missing", "material_list is empty.")
        if config.post_way == PostWay.USE_SOUND or config.content_type == 1:
            raise TaskFailedError("step_unavailable", "Only videos by share or addButton can be published yet.")
        kind = MediaKind.VIDEO if config.content_type == 0 else MediaKind.IMAGE
        with job.phone.step("check the media", picture=False):
            settings = job.settings
            materials = open_materials(config.material_list, kind, settings.media_roots, settings.forbidden_roots)
        pack, package = _installed_app(job, config)
        return PostFlow(job, config, pack=pack, package=package, caption=config.captions, materials=materials).run()


def _installed_app(job: Job, config: PostConfig) -> tuple[Pack, str]:
    packs = [pack for pack in load_packs() if pack.packages and config.platform in (None, pack.app)]
    for pack in packs:
        present = job.phone.installed(pack.packages)
        if present:
            return pack, present[0]
    names = " or ".join(str(pack.facts.get("label", pack.app)) for pack in packs)
    raise TaskFailedError("app_not_installed", f"{names} was not found.")


SCRIPT = PostScript()
