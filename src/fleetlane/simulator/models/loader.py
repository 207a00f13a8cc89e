"""Loads app models: what a simulated app shows and does, read from YAML.

The format is described in docs/reference/app-models.md.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fleetlane.core.document import mapping, text_of
from fleetlane.core.errors import PackError
from fleetlane.simulator.models.compiled_model import AppModel
from fleetlane.simulator.models.model_reader import ModelReader
from fleetlane.simulator.yaml_files import parse_yaml

LANGUAGES = ("en", "zh", "id")
BUILTIN_FOLDER = Path(__file__).parent


def load_model(path: Path) -> AppModel:
    """Return the model in a YAML file.

    Raises:
        PackError: it cannot be read, or is no model; says where.
    """
    return parse_model(text_of(path), path.name)


def load_models(folder: Path) -> list[AppModel]:
    """Return the models of a folder, by file name.

    Raises:
        PackError: a file is no model, or there is none.
    """
    if not folder.is_dir():
        raise PackError(str(folder), "is no folder; app models (*.yaml) lie in one")
    paths = sorted(p for p in folder.glob("*.yaml") if not p.name.startswith("_"))
    if not paths:
        raise PackError(str(folder), "there is no app model (*.yaml) in this folder")
    return [load_model(path) for path in paths]


def builtin_models() -> list[AppModel]:
    """Return the models that come with Fleetlane: TikTok and Instagram."""
    return [_builtin("tiktok"), _builtin("instagram")]


def system_model() -> AppModel:
    """Return the model of what Android itself shows."""
    return _builtin("_system")


@cache
def _builtin(name: str) -> AppModel:
    path = BUILTIN_FOLDER / f"{name}.yaml"
    return parse_model(text_of(path), path.name, shipped=True)


def parse_model(text: str, place: str, *, shipped: bool = False) -> AppModel:
    """Return the model described by YAML text (see `load_model`); `shipped`: it comes with Fleetlane."""
    return ModelReader(place).model(mapping(parse_yaml(text, place, shipped=shipped), place))
