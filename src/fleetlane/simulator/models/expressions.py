"""The expressions of app models: Jinja2's, in its sandbox. `Values` are what they are evaluated with.

Jinja2 copies all values for each of its renderings, and a screen has a hundred: here one form of them serves all
expressions that are evaluated with the same values.
"""

# Jinja2 types little of what its compiled templates are.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.parser import Parser
from jinja2.runtime import Context as JinjaContext
from jinja2.sandbox import SandboxedEnvironment

from fleetlane.simulator.models.compiled_model import Context, Expression, Text

_RESULT = "result"


def _matching(items: Sequence[Mapping[str, Any]], key: str, text: str) -> list[Mapping[str, Any]]:
    """Return the items whose `key` holds every word of a text, as a search does."""
    words = text.casefold().split()
    return [item for item in items if all(word in str(item[key]).casefold() for word in words)]


_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_GLOBALS = cast("dict[str, Any]", _ENVIRONMENT.globals)
_GLOBALS["matching"] = _matching


class Values(dict[str, Any]):
    """What many expressions are evaluated with, one after another: it must not change meanwhile."""

    __slots__ = ("_form",)

    _form: JinjaContext

    @property
    def form(self) -> JinjaContext:
        """Return Jinja2's form of it."""
        try:
            return self._form
        except AttributeError:
            self._form = form = _form_of(self)
            return form

    def more(self, scope: Mapping[str, Any]) -> Values:
        """Return these values and those of a scope, which go before them."""
        return Values({**self, **scope}) if scope else self


def _form_of(values: Context) -> JinjaContext:
    return JinjaContext(_ENVIRONMENT, {**_GLOBALS, **values}, None, {})


def _root(template: Template) -> Callable[[JinjaContext], Iterable[str]]:
    return cast("Callable[[JinjaContext], Iterable[str]]", template.root_render_func)


def compile_text(source: str) -> Text:
    """Return a text with `{{ expressions }}` as a function of its values.

    Raises:
        jinja2.TemplateError: it cannot be compiled.
    """
    root = _root(_ENVIRONMENT.from_string(source))

    def render(values: Context) -> str:
        form = values.form if isinstance(values, Values) else _form_of(values)
        try:
            return "".join(root(form))
        finally:
            form.vars.clear()

    return render


def compile_expression(source: str) -> Expression:
    """Return an expression as a function of its values; None stands for what is not defined.

    Raises:
        jinja2.TemplateError: it cannot be compiled.
    """
    parser = Parser(_ENVIRONMENT, source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("something follows the expression", parser.stream.current.lineno)
    assign = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
    code = _ENVIRONMENT.compile(nodes.Template([assign], lineno=1))
    root = _root(Template.from_code(_ENVIRONMENT, code, {}))

    def evaluate(values: Context) -> Any:
        form = values.form if isinstance(values, Values) else _form_of(values)
        for _ in root(form):
            pass
        value = form.vars.pop(_RESULT)
        return None if isinstance(value, Undefined) else value

    return evaluate
