"""Compiles the texts, conditions and actions of an app model into functions.

Texts may hold `$name` (a string of the model in the phone's language) or `{{ expression }}`; conditions
are bare expressions (see `expressions`), over the values that are listed in
`simulator.apps.app_state.AppState.context`.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from jinja2 import TemplateError

from fleetlane.core.document import known_keys, mapping
from fleetlane.core.errors import PackError
from fleetlane.simulator.models.compiled_model import Action, Constant, Expression, Text
from fleetlane.simulator.models.expressions import compile_expression, compile_text

_PUBLISHED = (
    "kind", "caption", "title", "placement", "sound", "original_volume", "sound_volume", "product_link",
)  # fmt: skip
_STEPS = ("started", "done", "failed")


_STRING_NAME = re.compile(r"\$(\w+)")


@contextmanager
def placed(place: str) -> Generator[None]:
    """Say where in the model something of the wrong shape stands."""
    try:
        yield
    except KeyError as error:
        raise PackError(place, f"`{error.args[0]}` is missing") from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise PackError(place, f"something has the wrong form: {error}") from error


class ActionReader:
    """Compiles the parts of one model, whose file is `place`."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.string_names: set[str] = set()
        self.targets: list[tuple[str, str]] = []
        """The screens that actions go to, and where each stands."""

    def text(self, value: object, place: str) -> Text:
        """Compile a text."""
        source = "" if value is None else str(value)
        found = _STRING_NAME.fullmatch(source)
        if found:
            name = found[1]
            if name not in self.string_names:
                raise PackError(place, f"there is no string ${name}")
            return lambda context: context["t"](name)
        if "{{" not in source and "{%" not in source:
            return Constant(source)
        try:
            return compile_text(source)
        except TemplateError as error:
            raise PackError(place, f"{source!r}: {error}") from error

    def expression(self, value: object, place: str) -> Expression:
        """Compile an expression; anything but a text stands for itself."""
        if not isinstance(value, str):
            return lambda _context: value
        try:
            return compile_expression(value)
        except TemplateError as error:
            raise PackError(place, f"{value!r}: {error}") from error

    def actions(self, value: object, place: str) -> tuple[Action, ...]:
        """Compile a list of actions, or a single one."""
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        compiled: list[Action] = []
        for index, item in enumerate(items):
            where = f"{place}[{index}]"  # a list in the list is one that YAML repeats by its anchor
            with placed(where):
                several = isinstance(item, list)
                compiled.extend(self.actions(cast("object", item), where) if several else [self._action(item, where)])
        return tuple(compiled)

    def _action(self, value: object, place: str) -> Action:
        raw = mapping(value, place)
        if "if" in raw:
            branches = (self.actions(raw.get("then", []), place), self.actions(raw.get("else", []), place))
            return "if", (self.expression(raw["if"], place), *branches)
        if len(raw) != 1:
            raise PackError(place, "an action has one verb, such as {goto: home_feed}")
        [(verb, argument)] = raw.items()
        match verb:
            case "goto" | "push" | "home":
                self.targets.append((place, str(argument)))
                return verb, argument
            case "toggle" | "focus" | "toast" | "pop" | "answer" | "open":
                return verb, argument
            case (
                "blur"
                | "finish"
                | "crash"
                | "hide_keyboard"
                | "refresh_profile"
                | "unlock"
                | "keep_waiting"
                | "log_out"
            ):
                return verb, None
            case "set" | "set_data" | "fill":
                return verb, {k: self.expression(v, place) for k, v in mapping(argument, place).items()}
            case "select" | "switch_account" | "type_suggestion":
                return verb, self.expression(argument, place)
            case "after":
                return verb, (str(argument["time"]), self.actions(argument["do"], place))
            case "ask":
                granted = self.actions(argument.get("granted", []), place)
                denied = self.actions(argument.get("denied", []), place)
                return verb, (str(argument["permission"]), granted, denied)
            case "publish":
                known_keys(argument, {*_PUBLISHED, *_STEPS}, place)
                texts = {k: self.text(argument[k], place) for k in _PUBLISHED if k in argument}
                steps = {k: self.actions(argument.get(k, []), place) for k in _STEPS}
                return verb, (texts, steps)
            case _:
                raise PackError(place, f"there is no action {verb!r}")
