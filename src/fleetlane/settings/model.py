"""The one frozen class of settings.

Long, because each setting stands here once, with its bounds and the words that docs/reference/settings.md and the page
show.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
import tzlocal
from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fleetlane.core.folders import AllowedFolders
from fleetlane.settings import checks
from fleetlane.settings.access import access_faults, read_token
from fleetlane.settings.errors import Contradictions, SettingsError
from fleetlane.settings.fleet import fleet_faults
from fleetlane.settings.folders import AbsolutePath, Root, default_mounts, resolved_roots
from fleetlane.settings.places import Places
from fleetlane.settings.sources import PREFIX, EnvironmentSource, FileSource, config_path
from fleetlane.settings.tls import read_tls, tls_faults

DEFAULT_PORT = 50809


class Settings(Places, BaseSettings):
    """All settings. Environment variables are named FLEETLANE_ and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: AbsolutePath = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("fleetlane", appauthor=False)),
        description="Folder of the store, the materials and the traces.",
    )
    store_url: SecretStr | None = Field(
        None,
        description="A database of PostgreSQL for the store, such as postgresql://fleetlane@db.lan/fleetlane, which "
        "several servers and hosts may share; needs fleetlane[postgres]. Absent: a file in data_dir.",
    )
    host_name: Annotated[str, AfterValidator(checks.host_name)] = Field(
        "",
        description="What this computer is called among those that share a store, such as rack2; empty: the computer's "
        "own name.",
    )
    server_url: str | None = Field(
        None, description="The server of this host, such as https://fleet.lan:50809; for `fleetlane host` only."
    )
    server_ca: AbsolutePath | None = Field(
        None, description="A file with the certificates that the server's must be signed by; absent: the system's own."
    )
    host_token_file: AbsolutePath | None = Field(
        None,
        description="A file that holds this host's token, which `fleetlane hosts add` prints; readable by its owner "
        "only (mode 0600).",
    )
    cache_max_bytes: int = Field(
        20 * 1024**3, ge=1024**2, description="How many bytes of media a host keeps, those used last."
    )
    spool_max_bytes: int = Field(
        2 * 1024**3,
        ge=1024**2,
        description="How many bytes of pictures and trees a host keeps that the server does not have yet.",
    )
    plain_network: bool = Field(
        False,
        description="Whether computers that share a store may talk without TLS: only where nobody else is in their "
        "network.",
    )
    host: str = Field(
        "127.0.0.1", description="Address to listen on. 127.0.0.1 also listens on [::1] where there is one."
    )
    port: int = Field(DEFAULT_PORT, ge=1, le=65535, description="TCP port to listen on.")
    adb_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of the adb server; absent: ANDROID_ADB_SERVER_PORT, else 5037.",
    )
    time_zone: Annotated[str, AfterValidator(checks.zone)] = Field(
        "",
        description="Time zone of start times and of times in answers, such as Europe/Rome; empty: this computer's.",
    )
    material_roots: list[Root] | None = Field(
        None,
        description="Folders media may be opened in, beside the library; absent: the user's own Videos, Movies, "
        "Pictures and Downloads folders, C:/Videos and C:/Images, and folders of such names on other drives. "
        '"default" in the list stands for these; [] allows the library only.',
    )
    accept_music_rights: bool = Field(
        False,
        description="Accept TikTok's music rights statement in the owner's name. Without it such a task fails.",
    )
    app_packages: dict[str, list[Annotated[str, AfterValidator(checks.package)]]] = Field(
        default_factory=dict,
        description="Further Android packages of the apps, by app, such as cloned and renamed builds; see "
        "own-packs.md. On a phone with several packages of an app those of its pack come first.",
    )
    canary: bool = Field(
        False,
        description="After an app's version changes on the phones, one phone posts first; the tasks of the others of "
        "that version wait until it has published, or a person lets them go.",
    )
    task_timeout_s: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="How long a task may run until Post is pressed, on top of its upload_wait_time. From then on it "
        "goes on until it is known what became of the post, or upload_patience_s and grid_patience_s are over.",
    )
    verify_wait_s: float = Field(
        3600.0,
        gt=0,
        le=30 * 86_400,
        description="How long a post that was left in doubt is looked for on the profile, between the phone's other "
        "tasks, or waits for its phone. Then its outcome is unknown.",
    )
    upload_patience_s: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="How long an upload that visibly runs is watched before the phone's other tasks have their turn; "
        "never less than the task's upload_wait_time.",
    )
    grid_patience_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="How long after an upload its post may be missing on the profile before the phone's other tasks "
        "have their turn.",
    )
    editor_dwell_s: float | None = Field(
        None,
        ge=0,
        le=60,
        description="How long a video editor is left alone before it is tapped: real ones drop taps at first. "
        "As the app's screen pack says when not given (4); 0 is for simulated phones.",
    )
    unknown_screen_patience_s: float = Field(
        12.0, gt=0, le=600, description="How long a screen nobody knows may stay before the task fails."
    )
    auto_retry: bool = Field(
        False, description="Retry a task automatically when its failure may be temporary; see errors.md."
    )
    max_retry_count: int = Field(
        3,
        ge=0,
        le=100,
        description="How often a task is retried automatically; with auto_retry, retry-all passes over one retried so "
        "often.",
    )
    retry_delay_min_s: float = Field(
        5.0, ge=0, le=86_400, description="Least seconds before a task is retried automatically."
    )
    retry_delay_max_s: float = Field(
        60.0, ge=0, le=86_400, description="Most seconds before that; one between the two is drawn."
    )
    unknown_options: Literal["refuse", "warn"] = Field(
        "refuse",
        description="What becomes of a request with an option nobody knows that has a value: refused, or, for old "
        "clients, told of and ignored.",
    )
    late_after_min: float = Field(
        120.0,
        ge=0,
        le=366 * 24 * 60,
        description="How many minutes after its start time a task may still begin; less than 1 counts as 1.",
    )
    late_policy: Literal["hold", "run", "fail"] = Field(
        "hold", description="What becomes of a task that could not begin in time: a person decides, it runs, it fails."
    )
    repeat_refuse_min: float = Field(
        60.0,
        ge=0,
        le=366 * 24 * 60,
        description="For how many minutes the same post for the same target is refused, also while it waits; 0: never.",
    )
    repeat_warn_days: float = Field(
        7.0, ge=0, le=3650, description="For how many days the same post for the same target is told of."
    )
    inspect_max_s: float = Field(
        10.0, gt=0, le=3600, description="How many seconds a first look at a media file may last when a task is made."
    )
    look_ahead_at: Annotated[str, AfterValidator(checks.hhmm)] = Field(
        "20:00",
        description="Time of day at which the tasks of the next 24 hours are checked; those that will fail are put on "
        "the list of what needs a person. Empty: never.",
    )
    picture_interval_s: float = Field(
        2.0, ge=0.5, le=60, description="How often the pages' live picture of a phone is taken while somebody looks."
    )
    take_over_idle_s: float = Field(
        300.0,
        ge=10,
        le=86_400,
        description="How long a phone that a person has taken over may go untouched before tasks start on it again.",
    )
    error_http_status: Literal["by_code", "always_200"] = Field(
        "by_code",
        description="always_200 answers errors with HTTP 200, for clients that throw before they read `code`.",
    )
    max_body_bytes: int = Field(8 * 1024 * 1024, ge=1024, le=1 << 30, description="Largest JSON request body.")
    max_upload_bytes: int = Field(
        2 * 1024 * 1024 * 1024, ge=1024, le=1 << 40, description="Largest upload of materials in one request."
    )
    allowed_hosts: list[Annotated[str, AfterValidator(checks.host)]] = Field(
        default_factory=list,
        description="Host names, beside this computer's own loopback names, that requests may be sent to.",
    )
    token: SecretStr | None = Field(
        None,
        description="What every request must carry as `Authorization: Bearer TOKEN`, 20 characters or more; needed "
        "when `host` can be reached from other computers. Better kept in a file, see token_file.",
    )
    token_file: AbsolutePath | None = Field(
        None, description="A file that holds the token, readable by its owner only (mode 0600)."
    )
    auth: Literal["network", "always"] = Field(
        "network",
        description="network: without a token the server listens on this computer only, and whoever uses this computer "
        "may use it; always: without a token it does not start.",
    )
    tls_cert: AbsolutePath | None = Field(
        None,
        description="A file of the certificate that the server shows, in PEM, with those that lead to its authority; "
        "then it serves https, and nothing unencrypted. Read at the start.",
    )
    tls_key: AbsolutePath | None = Field(
        None,
        description="A file of the key of tls_cert, in PEM and without a password, readable by its owner only (mode "
        "0600).",
    )
    max_requests_per_s: float = Field(
        0, ge=0, le=1_000_000, description="How many requests one address may send each second; 0: any number."
    )
    idempotency_keep_h: float = Field(
        168.0, ge=1, le=87_600, description="How many hours the answer to an Idempotency-Key is kept for repeats."
    )
    trace_keep_days: float = Field(
        30.0, gt=0, le=3650, description="How many days the trace of a task is kept after the task has ended."
    )
    max_trace_bytes: int = Field(
        5 * 1024 * 1024 * 1024,
        ge=0,
        le=1 << 50,
        description="How much room the files of all traces may take; the oldest go first.",
    )
    license_public_keys: list[Annotated[str, AfterValidator(checks.public_key)]] = Field(
        default_factory=list,
        description="Public keys of those whose licences are taken, as `fleetlane license keygen` prints them.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, JSON elsewhere.")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true where a number is meant: it would count as 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError(f"must not be {str(value).lower()}")
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = [*access_faults(self.host, self.auth, self.token, self.token_file), *self._ordered_delays()]
        faults += tls_faults(self.tls_cert, self.tls_key)
        faults += fleet_faults(self.store_url, self.server_url, self.host_token_file, plain_network=self.plain_network)
        if faults:
            raise Contradictions(faults)
        return self

    def _ordered_delays(self) -> Iterator[str]:
        if self.retry_delay_min_s > self.retry_delay_max_s:
            yield "retry_delay_min_s must not be more than retry_delay_max_s: lower it, or raise the other"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment, then the file."""
        sources: list[PydanticBaseSettingsSource] = [init_settings, EnvironmentSource(settings_cls)]
        path = config_path()
        if path is not None:
            sources.append(FileSource(settings_cls, path))
        return tuple(sources)

    @property
    def zone(self) -> tzinfo:
        """Return the time zone of start times.

        Raises:
            SettingsError: this computer's own cannot be told.
        """
        if self.time_zone:
            return ZoneInfo(self.time_zone)
        try:
            return tzlocal.get_localzone()
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingsError(
                "This computer's time zone cannot be told; set one: time_zone in the settings file, or the environment "
                "variable FLEETLANE_TIME_ZONE, such as Europe/Rome."
            ) from error

    @property
    def roots(self) -> tuple[Path, ...]:
        """Return the folders media may be opened in."""
        return resolved_roots(self.material_roots, self.materials_dir)

    @property
    def folders(self) -> AllowedFolders:
        """Return where files may be opened."""
        mounts = default_mounts(self.material_roots)
        return AllowedFolders(self.roots, (self.data_dir.resolve(),), self.materials_dir.resolve(), mounts)

    @property
    def secret_token(self) -> str | None:
        """Return the token that requests must carry, None for none.

        Raises:
            ValueError: the file cannot be used.
        """
        return read_token(self.token, self.token_file)

    @property
    def host_token(self) -> str | None:
        """Return the token that lets this host in at the servers, None for none.

        Raises:
            ValueError: the file cannot be used.
        """
        return read_token(None, self.host_token_file, name="host_token_file")

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Return what encrypts connections, None where nothing is encrypted.

        Raises:
            ValueError: its files cannot be used.
        """
        return read_tls(self.tls_cert, self.tls_key)
