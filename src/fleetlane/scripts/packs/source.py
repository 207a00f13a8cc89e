"""YAML with places: every mapping knows its line, and a key given twice is refused.

What comes with Fleetlane is read by libyaml where PyYAML has it, which is ten times as fast. What others wrote is not:
libyaml ends the process on a text of deep nesting.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

import yaml

from fleetlane.core.errors import PackError

_FASTEST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Placed(dict[str, Any]):
    """A mapping of a YAML file, the name of that file, and the line it begins on, counted from 1."""

    file: str = ""
    line: int = 0


def read(text: str, file: str, *, shipped: bool = False) -> object:
    """Return the YAML document in `text`; its mappings are `Placed`.

    Args:
        text: the YAML.
        file: what to call it in errors.
        shipped: it comes with Fleetlane.

    Raises:
        PackError: it is no YAML, or a mapping has a key twice or one that is no text.
    """
    try:
        return _document(_ShippedLoader(text) if shipped else _Loader(text), file)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise PackError(f"{file}{line}", f"not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PackError(file, f"not YAML: {str(error).splitlines()[0]}") from error


def place(file: str, value: object, what: str) -> str:
    """Return where a fault lies: `FILE:LINE: what`, or `FILE: what` for what has no line.

    A pack may be made of several files: what has a line knows its own.
    """
    if not isinstance(value, Placed):
        return f"{file}: {what}"
    return f"{value.file}:{value.line}: {what}"


class _Loader(yaml.SafeLoader):
    """YAML's safe loader; only how mappings are made differs."""

    file = ""


class _ShippedLoader(_FASTEST):
    """The same for what comes with Fleetlane."""

    file = ""


def _document(loader: _Loader | _ShippedLoader, file: str) -> object:
    """Return what a loader's text holds, and let go of it; the text is called `file` in its mappings."""
    loader.file = file
    try:
        return cast("object", loader.get_single_data())  # pyright: ignore[reportUnknownMemberType]
    finally:
        loader.dispose()  # pyright: ignore[reportUnknownMemberType]


def _mapping(loader: _Loader | _ShippedLoader, node: yaml.MappingNode) -> Generator[Placed, None, None]:
    data = Placed()
    data.file, data.line = loader.file, node.start_mark.line + 1
    yield data  # first empty: a mapping may refer to itself
    seen: set[object] = set()
    for key_node, _ in node.value:
        key = cast("object", loader.construct_object(key_node, deep=True))  # pyright: ignore[reportUnknownMemberType]
        if not isinstance(key, str):  # YAML reads a bare `no` or `off` as false
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} needs quotes", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        seen.add(key)
    data.update(cast("dict[str, Any]", loader.construct_mapping(node)))


for _kind in (_Loader, _ShippedLoader):
    _kind.add_constructor("tag:yaml.org,2002:map", _mapping)
