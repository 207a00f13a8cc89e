"""The settings: one frozen class, from defaults, a TOML file and the environment (strongest last).

Read only by the entry points and `bootstrap`; everything else is given values.

Long, because each setting stands here once, with its bounds and the words that docs/reference/settings.md and the page
show.
"""

from __future__ import annotations

import base64
import codecs
import difflib
import ipaddress
import json
import os
import platform
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
import tzlocal
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from fleetlane.core.errors import FleetlaneError
from fleetlane.core.folders import AllowedFolders, Computer
from fleetlane.core.loopback import is_loopback
from fleetlane.core.schedule import parse_hhmm

DEFAULT_PORT = 50809
_PUBLIC_KEY_BYTES = 32
_PUBLIC_KEY_LENGTH = 43
_SHORTEST_TOKEN = 20
_FEWEST_CHARACTERS = 8
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


DEFAULT_ROOTS = Path("default")
"""Stands, in `material_roots`, for the folders that are allowed when the setting is absent."""
_PREFIX = "FLEETLANE_"
_CONFIG_VARIABLE = "FLEETLANE_CONFIG"
_IN_JSON = {"list_type": '["a", "b"]', "dict_type": '{"instagram": ["com.instagram.androim"]}'}
"""How a value that is no text is written in the environment, by what pydantic calls its fault."""
_STARTED_WITH = "the command line"


class SettingsError(FleetlaneError):
    """The settings cannot be used; names every fault."""

    faults: Sequence[str] = ()

    @classmethod
    def of(cls, faults: Sequence[str]) -> SettingsError:
        """Return the error for faults, a sentence each."""
        error = cls("\n".join(["These settings cannot be used:", *(f"  {fault}" for fault in faults)]))
        error.faults = tuple(faults)
        return error


@dataclass(frozen=True, slots=True)
class Held:
    """A setting, its value, and who says so: "default", the command line, a variable, or the file."""

    name: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """Return the value as people read it; a secret stays one."""
        if self.value is None:
            return "-"
        return str(self.value) if isinstance(self.value, Path) else json.dumps(self.value, default=str)


class _Contradictions(ValueError):  # noqa: N818 - several of them
    """Settings that cannot all hold; `faults` are sentences without their full stop."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


class _File(TomlConfigSettingsSource):
    """The settings file."""

    def __call__(self) -> dict[str, Any]:
        """Return what it says."""
        return _whole(super().__call__())


class _Environment(EnvSettingsSource):
    """The environment; a list that is no JSON is left to be refused with all else that is wrong."""

    def __call__(self) -> dict[str, Any]:
        """Return what it says."""
        return _whole(super().__call__())

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return a list from its JSON."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    """Keep mappings from being merged with those that another source says: the last source wins, whole."""
    return {
        name: MappingProxyType(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def _zone(name: str) -> str:
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones is no zone
            raise ValueError(f'no such time zone: {name!r}; use a name such as "Europe/Rome"') from error
    return name


def _hhmm(text: str) -> str:
    if text:
        parse_hhmm(text)
    return text


def _public_key(text: str) -> str:
    try:
        found = base64.urlsafe_b64decode(f"{text}=") if len(text) == _PUBLIC_KEY_LENGTH else b""
    except ValueError:
        found = b""
    if len(found) != _PUBLIC_KEY_BYTES:
        raise ValueError("this is no public key; use the line that `fleetlane license keygen` printed")
    return text


def _weakness(token: str) -> str | None:
    """Return what makes a token one that can be guessed, None when nothing does."""
    make = 'make one with: python -c "import secrets; print(secrets.token_urlsafe())"'
    if not token.isascii() or not token.isprintable() or " " in token:
        return f"holds blanks, or characters that no header can carry; {make}"
    if len(token) < _SHORTEST_TOKEN:
        return f"holds fewer than {_SHORTEST_TOKEN} characters; {make}"
    if len(set(token)) < _FEWEST_CHARACTERS or token in (token + token)[1:-1]:
        return f"repeats itself; {make}"
    return None


def _file_others_may_read() -> Path | None:
    """Return the settings file when it gives the token, and other users of the computer may read it."""
    path = config_path()
    if os.name != "posix" or path is None or "token" not in _keys(path):
        return None
    return path if path.stat().st_mode & 0o077 else None


def _absolute(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path cannot hold the character NUL")
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"there is no such home folder: {path.parts[0]}") from error


def _root(path: Path) -> Path:
    return path if path == DEFAULT_ROOTS else _absolute(path)


def _not_blank(path: Any) -> Any:
    if isinstance(path, str) and not path.strip():
        raise ValueError("names no folder or file: an empty text would be wherever the server is started")
    return path


def _host(name: str) -> str:
    if not _HOST_NAME.fullmatch(name):
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            raise ValueError(f"{name!r} is no host name; leave out scheme, port, path and wildcards") from None
    return name


def _package(name: str) -> str:
    if not _PACKAGE.fullmatch(name):
        raise ValueError(f"{name!r} is no Android package; use a name such as com.instagram.android")
    return name


AbsolutePath = Annotated[Path, BeforeValidator(_not_blank), AfterValidator(_absolute)]
Root = Annotated[Path, BeforeValidator(_not_blank), AfterValidator(_root)]


class Settings(BaseSettings):
    """All settings. Environment variables are named FLEETLANE_ and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    data_dir: AbsolutePath = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("fleetlane", appauthor=False)),
        description="Folder of the store, the materials and the traces.",
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
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
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
    app_packages: dict[str, list[Annotated[str, AfterValidator(_package)]]] = Field(
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
        False, description="Try a task again by itself when its failure may pass by itself; see errors.md."
    )
    max_retry_count: int = Field(
        3,
        ge=0,
        le=100,
        description="How often a task is tried again by itself; with auto_retry, retry-all passes over one retried so "
        "often.",
    )
    retry_delay_min_s: float = Field(
        5.0, ge=0, le=86_400, description="Least seconds before a task is tried again by itself."
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
        description="How many minutes after its start time a task may still begin by itself; less than 1 counts as 1.",
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
    look_ahead_at: Annotated[str, AfterValidator(_hhmm)] = Field(
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
    allowed_hosts: list[Annotated[str, AfterValidator(_host)]] = Field(
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
    license_public_keys: list[Annotated[str, AfterValidator(_public_key)]] = Field(
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
        if faults := [*self._nobody_in(), *self._ordered_delays()]:
            raise _Contradictions(faults)
        return self

    def _nobody_in(self) -> Iterator[str]:
        if self.token is not None and self.token_file is not None:
            yield "token and token_file are both given: take one of them out"
            return
        try:
            token = self.secret_token
        except ValueError as error:
            yield str(error)
            return
        if token is None:
            if not is_loopback(self.host):
                yield f"host {self.host} can be reached from other computers: set token_file, or listen on 127.0.0.1"
            elif self.auth == "always":
                yield "auth = always asks everybody for a token, and there is none: set token_file"
        elif weakness := _weakness(token):
            yield f"{'token' if self.token_file is None else f'token_file {self.token_file}'} {weakness}"
        if self.token is not None and (file := _file_others_may_read()) is not None:
            yield f"{file} holds the token and can be read by others: chmod 600 {file}"

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
        sources: list[PydanticBaseSettingsSource] = [init_settings, _Environment(settings_cls)]
        path = config_path()
        if path is not None:
            sources.append(_File(settings_cls, path))
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
        told = self.material_roots
        named = [self.materials_dir, DEFAULT_ROOTS] if told is None else told
        default = _this_computer() if DEFAULT_ROOTS in named else None
        own, drives = (default.own, default.drives()) if default else ((), ())
        resolved = [root.resolve() for root in (*named, *own) if root != DEFAULT_ROOTS]
        return (*resolved, *(Path(drive) for drive in drives))

    @property
    def folders(self) -> AllowedFolders:
        """Return where files may be opened."""
        with_default = self.material_roots is None or DEFAULT_ROOTS in self.material_roots
        mounts = tuple(_this_computer().mounts()) if with_default else ()
        return AllowedFolders(self.roots, (self.data_dir.resolve(),), self.materials_dir.resolve(), mounts)

    @property
    def secret_token(self) -> str | None:
        """Return the token that requests must carry, None for none.

        Raises:
            ValueError: the file cannot be used.
        """
        if self.token_file is None:
            return self.token.get_secret_value() if self.token is not None else None
        try:
            mode = self.token_file.stat().st_mode
            written = self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"token_file {self.token_file} cannot be read: write the token into it") from error
        if os.name == "posix" and mode & 0o077:
            raise ValueError(f"token_file {self.token_file} can be read by others: chmod 600 {self.token_file}")
        return written

    @property
    def store_path(self) -> Path:
        """Return the store's file."""
        return self.data_dir / "fleetlane.db"

    @property
    def license_path(self) -> Path:
        """Return the file of the installed licence."""
        return self.data_dir / "license.jwt"

    @property
    def materials_dir(self) -> Path:
        """Return the folder of uploaded materials."""
        return self.data_dir / "materials"

    @property
    def packs_dir(self) -> Path:
        """Return the folder of the user's own screen packs and patches."""
        return self.data_dir / "packs"

    @property
    def backups_dir(self) -> Path:
        """Return the folder of the copies made before a store is changed or replaced."""
        return self.data_dir / "backups"

    @property
    def traces_dir(self) -> Path:
        """Return the folder of trace files."""
        return self.data_dir / "traces"

    @property
    def kept_private(self) -> tuple[Path, ...]:
        """Return what nobody but the server's user may read, beside the data directory itself."""
        logs = (self.store_path.with_name(f"{self.store_path.name}{end}") for end in ("-wal", "-shm"))
        return (self.store_path, *logs, self.materials_dir, self.traces_dir, self.backups_dir)


def _this_computer() -> Computer:
    own = (platformdirs.user_videos_dir(), platformdirs.user_pictures_dir(), platformdirs.user_downloads_dir())
    movies = Path.home() / "Movies"
    drive = os.environ.get("SYSTEMDRIVE", "C:")
    return Computer(platform.system(), (*(Path(folder) for folder in own), movies), drive)


def config_path() -> Path | None:
    """Return the settings file: FLEETLANE_CONFIG, else the user's own; None when there is none."""
    named = os.environ.get(_CONFIG_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise SettingsError.of([f"{_CONFIG_VARIABLE} names {path}, which is not a file."])
        return path
    path = own_config_path()
    return path if path.is_file() else None


def own_config_path() -> Path:
    """Return where the user's own settings file is, or would be."""
    return Path(platformdirs.user_config_dir("fleetlane", appauthor=False)) / "fleetlane.toml"


def load_settings(**overrides: Any) -> Settings:
    """Return the settings. `overrides` that are not None win over everything.

    Raises:
        SettingsError: one or more are wrong; all of them are named.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    if faults := _undecodable():
        raise SettingsError.of(faults)
    try:
        return Settings(**given)
    except ValidationError as error:
        origins = _origins(given)
        faults = [sentence for item in error.errors() for sentence in _sentences(item, origins)]
        raise SettingsError.of([*faults, *_contradictions(given, error)]) from error
    except (OSError, ValueError) as error:
        raise SettingsError.of([f"The settings file {config_path()} cannot be read: {_unreadable(error)}."]) from error


def _undecodable() -> list[str]:
    """Return a sentence for each variable of a setting that is no text."""
    return [
        f"{name}: it is not UTF-8 text. Set it anew, or take it out of the environment."
        for name, value in sorted(os.environ.items())
        if name.upper().startswith(_PREFIX) and any("\ud800" <= character <= "\udfff" for character in value)
    ]


def _unreadable(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8; save it as UTF-8"
    path = config_path()
    if isinstance(error, tomllib.TOMLDecodeError) and path and path.read_bytes().startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark; save it as UTF-8 without one"
    return str(error)


def _contradictions(given: Mapping[str, Any], error: ValidationError) -> list[str]:
    """Return how the settings that are well by themselves contradict each other, while others are wrong."""
    wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
    if not wrong or not wrong <= set(Settings.model_fields):
        return []  # told of already, or not to be asked for
    defaults = {
        name: Settings.model_fields[name].get_default(call_default_factory=True, validated_data={}) for name in wrong
    }
    try:
        Settings(**{**given, **defaults})
    except ValidationError as other:
        return [sentence for item in other.errors() for sentence in _sentences(item, {})]
    return []


def held(settings: Settings) -> Iterator[Held]:
    """Yield what holds, setting by setting, and who says so."""
    origins = _origins({})
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        is_default = value == field.get_default(call_default_factory=True, validated_data={})
        yield Held(name, value, origins.get(name, "default" if is_default else _STARTED_WITH))


def unused_variables() -> list[str]:
    """Return a sentence for each variable of the environment that looks like a setting and is none."""
    known = {_variable(name) for name in Settings.model_fields} | {_CONFIG_VARIABLE}
    return [
        f"{name}: there is no such setting{_meant(name.upper(), known)}. Take it out of the environment."
        for name in sorted(os.environ)
        if name.upper().startswith(_PREFIX) and name.upper() not in known
    ]


def _origins(overrides: Mapping[str, Any]) -> dict[str, str]:
    """Return who gives a value to each setting that anybody gives one to; the strongest."""
    path = config_path()
    found = dict.fromkeys(_keys(path), str(path)) if path else {}
    variables = {name.upper() for name in os.environ}
    found |= {name: _variable(name) for name in Settings.model_fields if _variable(name) in variables}
    return found | {name: f"--{name.replace('_', '-')}" for name in overrides}


def _keys(path: Path) -> list[str]:
    with path.open("rb") as file:
        return list(tomllib.load(file))


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


def _meant(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; {near[0]} is meant, perhaps" if near else ""


def _sentences(fault: ErrorDetails, origins: Mapping[str, str]) -> list[str]:
    """Return what is wrong, a sentence for each fault."""
    cause: object = fault.get("ctx", {}).get("error")
    if isinstance(cause, _Contradictions):
        return [f"{problem}." for problem in cause.faults]
    return [_sentence(fault, origins)]


def _sentence(fault: ErrorDetails, origins: Mapping[str, str]) -> str:
    """Return what is wrong with a setting, where, and how to mend it."""
    problem = fault["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    if not fault["loc"]:
        return f"{problem}."
    name, key = str(fault["loc"][0]), ".".join(str(part) for part in fault["loc"])
    origin = origins.get(name, "the command line")
    if name not in Settings.model_fields:
        return f"{key}: there is no such setting{_meant(name, Settings.model_fields)}. Take it out of {origin}."
    if name == "token":
        return f"token: {problem}. Correct it in {origin}, or take it out."  # not what it is
    if fault["type"] in _IN_JSON and origin == _variable(name):
        problem += f" in JSON, such as {_IN_JSON[fault['type']]}"
    return f"{key}: {problem}; {origin} says {fault['input']!r}. Correct it there, or take it out."
