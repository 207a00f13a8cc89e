"""The `accounts_scan` script: finds the accounts that are signed in on a phone. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetlane.core.errors import FieldError, InvalidParametersError, TaskFailedError
from fleetlane.core.outcome import Outcome, PublishState, failed, from_error, succeeded
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.accounts import AccountSwitcher
from fleetlane.scripts.apps import installed_apps, open_app
from fleetlane.scripts.media_settings import MediaSettings
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.platforms import platform_in, platform_rule, platforms
from fleetlane.scripts.profile import Profile
from fleetlane.scripts.script import Job, NothingPublished


class AccountsScanScript:
    """Reads the list of accounts of each app on the phone."""

    name = "accounts_scan"
    listed = False
    summary = "Find the accounts that are signed in on a phone"
    sentences: Sequence[str] = ()
    media_settings = MediaSettings()
    longest_extra_s = 0.0

    def extra_s(self, config: Mapping[str, Any]) -> float:
        """Return nothing: a scan waits for nothing."""
        del config
        return self.longest_extra_s

    def platform(self, config: Mapping[str, Any]) -> str | None:
        """Return the only platform that is looked at, None for all."""
        return platform_in(config)

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Return no warnings.

        Raises:
            InvalidParametersError: `platform` is none.
        """
        if config.get("platform") not in (None, *platforms()):
            raise InvalidParametersError([FieldError("script_config.platform", platform_rule())])
        return []

    def plan(self, config: Mapping[str, Any]) -> NothingPublished:
        """Return that it only needs an app."""
        return NothingPublished(self.platform(config))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `script_config`."""
        return {"type": "object", "properties": {"platform": {"enum": list(platforms())}}}

    def preview(self, config: Mapping[str, Any], position: int, seed: int) -> str:
        """Return nothing: it publishes nothing."""
        del config, position, seed
        return ""

    def run(self, job: Job) -> Outcome:
        """Look into every app; an app that needs a person does not keep the others from being read."""
        found: list[dict[str, Any]] = []
        problems: list[dict[str, str]] = []
        for pack, package in installed_apps(job.phone, self.platform(job.task.script_config)):
            try:
                with job.phone.step("read the accounts", pack.label):
                    found.extend(_accounts(job, pack, package))
            except TaskFailedError as error:
                if error.code == "deadline_exceeded":
                    raise
                problems.append(
                    {"platform": pack.app, "error_code": error.code, "remark": str(from_error(error).remark)}
                )
        result = {"accounts": found, "problems": problems}
        if problems and not found:
            return failed(problems[0]["error_code"], result=result)
        names = ", ".join(f"@{account['username']} ({account['platform']})" for account in found)
        return succeeded(
            f"Found {len(found)}: {names}." if found else "Found none.", PublishState.NOT_PUBLISHED, result
        )


def _accounts(job: Job, pack: Pack, package: str) -> list[dict[str, Any]]:
    navigator = Navigator(job.phone, pack, package, {}, unknown_patience_s=job.settings.unknown_screen_patience_s)
    profile = Profile(navigator)
    open_app(job.phone, package)
    _, state = profile.open()
    handles = AccountSwitcher(navigator, profile).signed_in()
    names = {handle.casefold(): handle for handle in (state.handle, *handles) if handle}
    current = state.handle.casefold()
    return [
        {"platform": pack.app, "package": package, "username": name, "current": key == current}
        for key, name in names.items()
    ]


SCRIPT = AccountsScanScript()
