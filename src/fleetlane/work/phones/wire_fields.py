"""Reads what came from another computer: every field there, of its type, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

_T = TypeVar("_T")


def as_map(value: object) -> Mapping[str, Any]:
    """Return a value that is a JSON object.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in cast("Mapping[Any, Any]", value)):
        raise ValueError("must be an object")
    return cast("Mapping[str, Any]", value)


def as_list(value: object, most: int) -> list[Any]:
    """Return a value that is a list of at most so many.

    Raises:
        ValueError: it is none.
    """
    items = cast("list[Any]", as_type(value, list))
    if len(items) > most:
        raise ValueError(f"must have at most {most} items")
    return items


def as_type(value: object, *types: type[_T]) -> _T:
    """Return a value of one of some types; True and False are no numbers.

    Raises:
        ValueError: it is of another.
    """
    if type(value) not in types:
        raise ValueError(f"must be {' or '.join(one.__name__ for one in types)}")
    return cast(_T, value)


def as_size(value: object) -> tuple[int, int]:
    """Return a value that is a width and a height, in pixels.

    Raises:
        ValueError: it is none.
    """
    width, height = (as_type(side, int) for side in as_list(value, 2))
    if min(width, height) < 1:
        raise ValueError("must be larger than 0")
    return width, height


def read_fields(values: object, **readers: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the fields of a JSON object, each read by its reader.

    Raises:
        ValueError: one is missing, or is not known, or is not what it must be: says which.
    """
    given = as_map(values)
    if given.keys() != readers.keys():
        named = sorted(given.keys() ^ readers.keys())
        raise ValueError(f"has not the fields it must have: {', '.join(repr(name[:40]) for name in named[:5])}")
    found: dict[str, Any] = {}
    for name, read in readers.items():
        try:
            found[name] = read(given[name])
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return found
