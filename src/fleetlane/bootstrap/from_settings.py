"""The settings, as the parts of the server want them."""

from __future__ import annotations

import re
import shutil
import socket
from datetime import time

from fleetlane import __version__
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.schedule import parse_hhmm
from fleetlane.core.task import LatePolicy
from fleetlane.data_directory import host_id
from fleetlane.http.app import HttpOptions
from fleetlane.scripts.registry import scripts
from fleetlane.scripts.script import ScriptSettings
from fleetlane.settings import Settings, config_path, effective_settings, own_config_path
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.services import EffectiveSetting, ServerInfo
from fleetlane.work.tasks.request import Rules

_MINUTE_MS = 60 * 1000
_LONGEST_NAME = 40


def http_options(settings: Settings) -> HttpOptions:
    """Return how the server answers requests."""
    return HttpOptions(
        always_200=settings.error_http_status == "always_200",
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        allowed_hosts=(settings.host, *settings.allowed_hosts),
        requests_per_s=settings.max_requests_per_s,
        port=settings.port,
    )


def server_info(settings: Settings) -> ServerInfo:
    """Return where the server lives, and what it was started with."""
    return ServerInfo(
        data_dir=settings.data_dir,
        config_file=config_path() or own_config_path(),
        settings=tuple(
            EffectiveSetting(one.name, one.text, one.origin, Settings.model_fields[one.name].description or "")
            for one in effective_settings(settings)
        ),
        free_bytes=lambda: shutil.disk_usage(settings.data_dir).free,
    )


def this_host(settings: Settings, kind: HostKind) -> NewHost | None:
    """Return what this computer is among those that share its store; None when it has the store to itself."""
    if settings.store_url is None:
        return None
    return NewHost(name_of_host(settings), host_id(settings), kind, __version__)


def name_of_host(settings: Settings) -> str:
    """Return what this computer is called among those that share its store: unless set, by its own name."""
    if settings.host_name:
        return settings.host_name
    spelled = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
    return spelled[:_LONGEST_NAME].strip("-") or "host"


def retry_policy(settings: Settings) -> RetryPolicy:
    """Return which failures are tried again automatically."""
    return RetryPolicy(
        enabled=settings.auto_retry,
        most_retries=settings.max_retry_count,
        least_delay_s=settings.retry_delay_min_s,
        most_delay_s=settings.retry_delay_max_s,
    )


def rules(settings: Settings) -> Rules:
    """Return what holds for every request for tasks."""
    return Rules(
        zone=settings.zone,
        refuse_unknown=settings.unknown_options == "refuse",
        late_after_ms=round(settings.late_after_min * _MINUTE_MS),
        late_policy=LatePolicy(settings.late_policy),
    )


def evening(settings: Settings) -> time | None:
    """Return when what is due within a day is checked, None for never."""
    return parse_hhmm(settings.look_ahead_at) if settings.look_ahead_at else None


def script_settings(settings: Settings) -> ScriptSettings:
    """Return what the owner has set for scripts."""
    return ScriptSettings(
        folders=settings.folders,
        accept_music_rights=settings.accept_music_rights,
        unknown_screen_patience_s=settings.unknown_screen_patience_s,
        editor_dwell_s=settings.editor_dwell_s,
        upload_patience_s=settings.upload_patience_s,
        grid_patience_s=settings.grid_patience_s,
    )


def longest_attempt_s(settings: Settings) -> float:
    """Return how long one attempt can take, whatever its script."""
    return settings.task_timeout_s + max((one.longest_extra_s for one in scripts().values()), default=0.0)
