"""Does what an app model's actions say. The verbs are listed in docs/reference/app-models.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fleetlane.simulator.android.media_store import MediaRow
from fleetlane.simulator.apps.publishing import publish
from fleetlane.simulator.apps.screen_stack import ScreenStack
from fleetlane.simulator.apps.text_fields import with_suggestion
from fleetlane.simulator.models.compiled_model import Action, Expression

Scope = dict[str, Any]
Verb = Callable[[Any, Scope], None]
_MOVES = ("goto", "push", "home")


class Actions:
    """Runs actions for one app."""

    def __init__(self, app: ScreenStack) -> None:
        self._app = app
        self._verbs: Mapping[str, Verb] = {**self._flow(), **self._screens(), **self._system()}

    def run(self, actions: Sequence[Action], scope: Scope | None = None) -> None:
        """Run actions in turn. `scope` holds the values of the node that was tapped."""
        for verb, argument in actions:
            self._verbs[verb](argument, scope or {})

    def run_at_once(self, actions: Sequence[Action]) -> None:
        """Run the actions of a start, whose first screens need no transition of their own."""
        for verb, argument in actions:
            if verb in _MOVES:
                self._app.arrive(verb, argument)
            elif verb == "if":
                condition, then, otherwise = argument
                self.run_at_once(then if condition(self._app.context()) else otherwise)
            else:
                self.run([(verb, argument)])

    def _flow(self) -> dict[str, Verb]:
        return {
            "if": self._if,
            "after": self._after,
            "ask": self._ask,
            "set": lambda argument, scope: self._app.session.update(self._values(argument, scope)),
            "set_data": lambda argument, scope: self._app.data.update(self._values(argument, scope)),
            "fill": self._fill,
            "toggle": self._toggle,
            "select": lambda argument, scope: self._select(self._value(argument, scope)),
            "publish": self._publish,
            "switch_account": lambda argument, scope: self._app.switch_account(str(self._value(argument, scope))),
            "refresh_profile": lambda _argument, _scope: self._app.refresh_profile(),
        }

    def _screens(self) -> dict[str, Verb]:
        app = self._app
        return {
            "goto": lambda screen, _scope: app.go("goto", screen),
            "push": lambda screen, _scope: app.go("push", screen),
            "home": lambda screen, _scope: app.go("home", screen),
            "pop": lambda count, _scope: app.pop(int(count)),
            "focus": lambda name, _scope: app.focus(name),
            "blur": lambda _argument, _scope: app.blur(),
            "hide_keyboard": lambda _argument, _scope: app.blur(),
            "type_suggestion": lambda argument, scope: self._take_suggestion(str(self._value(argument, scope))),
            "toast": lambda name, _scope: app.show_toast(name),
            "log_out": lambda _argument, _scope: app.log_out(),
            "finish": lambda _argument, _scope: app.finish(),
            "crash": lambda _argument, _scope: app.phone.crash(app),
        }

    def _system(self) -> dict[str, Verb]:
        def does(verb: str) -> Verb:
            return lambda argument, _scope: self._app.phone.system_action(verb, argument)

        return {verb: does(verb) for verb in ("answer", "unlock", "keep_waiting", "open")}

    def _value(self, expression: Expression, scope: Scope) -> Any:
        return expression(self._app.context().more(scope))

    def _values(self, expressions: Mapping[str, Expression], scope: Scope) -> dict[str, Any]:
        return {name: self._value(expression, scope) for name, expression in expressions.items()}

    def _if(self, argument: Any, scope: Scope) -> None:
        condition, then, otherwise = argument
        self.run(then if self._value(condition, scope) else otherwise, scope)

    def _after(self, argument: Any, scope: Scope) -> None:
        name, steps = argument
        self._app.later(self._app.timing(name), lambda: self.run(steps, scope))

    def _ask(self, argument: Any, scope: Scope) -> None:
        permission, granted, denied = argument
        self._app.phone.permissions.ask(
            self._app, permission, lambda allowed: self.run(granted if allowed else denied, scope)
        )

    def _publish(self, argument: Any, scope: Scope) -> None:
        texts, steps = argument
        publish(self._app, texts, steps, scope)

    def _fill(self, argument: Any, scope: Scope) -> None:
        self._app.fields.update({name: str(value) for name, value in self._values(argument, scope).items()})

    def _toggle(self, name: str, _scope: Scope) -> None:
        self._app.session[name] = not self._app.session.get(name)

    def _select(self, row: MediaRow | None) -> None:
        if row is None:
            return
        if row in self._app.selected:
            self._app.selected.remove(row)
        else:
            self._app.selected.append(row)

    def _take_suggestion(self, tag: str) -> None:
        name = self._app.focused
        if name:
            self._app.fields[name] = with_suggestion(self._app.fields[name], tag)
