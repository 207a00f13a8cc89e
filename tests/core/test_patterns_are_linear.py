"""Every regular expression that meets a text from outside: twice the text takes about twice the time."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import itertools
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fleetlane
from fleetlane.core.captions import CaptionFormat, guess_format, spin, split_title
from fleetlane.core.screens.patterns import bound_pattern
from fleetlane.core.screens.recognition import Element, Pack
from fleetlane.scripts.packs import load_packs

pytestmark = pytest.mark.slow

_NOT_FROM_OUTSIDE = ("fleetlane.simulator", "fleetlane.cli.demo", "fleetlane.__main__")
"""The simulator hears what tests and this program itself send."""
_WAYS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub")
_USES_PATTERNS = re.compile(rf"\bre\.|\b_?[A-Z][A-Z_]+\.({'|'.join(_WAYS)})\(")
_PUMPS = (
    "a",
    "A",
    "1",
    " ",
    "|",
    "{|",
    ",",
    ".",
    "-",
    "_x",
    "#",
    "[",
    "0x",
    "=?",
    "%",
    "a ",
    "1.",
    " a",
    "a=",
    "x:",
    "\n",
)
_PUMPS += (
    "\r",
    '"',
    "Row: 1 ",
    "_id=",
    ", ",
    "[1",
    "\xff",
    "é",
    "]: [",
    "\t",
    "~",
    "sep=",
    "User 1",
    "a.a",
    "X4NEXT:1",
)
_STARTS = ("", "{", "[", "=?a?b?", "https://", "a b")
_ENDS = ("", "!")
_SIZES = (500, 4_000)
_QUICK_S = 0.0025
"""What goes back and forth over 4,000 characters does so 8 million times, which takes far longer."""


def grows_too_fast(call: Callable[[int], object]) -> bool:
    """Return whether four times the text takes far more than four times as long; a quick one is as good as linear.

    It must do so again and again: a busy machine takes long for anything now and then.
    """
    for size in _SIZES:
        if _timed(call, size) > _QUICK_S and _longest_ratio(call, size) > 8:
            return all(_longest_ratio(call, size) > 8 for _ in range(3))
    return False


def _longest_ratio(call: Callable[[int], object], size: int) -> float:
    took_s = min(_timed(call, size) for _ in range(2))
    return took_s / min(_timed(call, size // 4) for _ in range(3)) if took_s > _QUICK_S else 1.0


def _timed(call: Callable[[int], object], size: int) -> float:
    began_s = time.thread_time()
    call(size)
    return time.thread_time() - began_s


def _modules() -> Iterator[str]:
    """Yield the name of every module that may read a text from outside and has to do with patterns."""
    for info in pkgutil.walk_packages(fleetlane.__path__, "fleetlane."):
        if info.name.startswith(_NOT_FROM_OUTSIDE) or ".migrations" in info.name:
            continue
        found = importlib.util.find_spec(info.name)
        assert found is not None
        assert found.origin is not None
        if _USES_PATTERNS.search(Path(found.origin).read_text(encoding="utf-8")):
            yield info.name


def _used(module_name: str) -> Iterator[tuple[str, re.Pattern, str]]:
    """Yield every pattern that a module uses, where, and how."""
    module = importlib.import_module(module_name)
    source = inspect.getsource(module)
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            ways = [way for way in _WAYS if f"{name}.{way}(" in source] or list(_WAYS)
            yield from ((f"{name}.{way}", value, way) for way in ways)
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.") and call.args:
            way = ast.unparse(call.func)[3:]
            if way in _WAYS:
                written = eval(ast.unparse(call.args[0]), {**vars(module), "template": ""})
                yield f"re.{way}({written!r})", re.compile(written), way


@pytest.mark.parametrize("module", list(_modules()))
def test_a_pattern_over_text_from_outside_is_linear(module):
    for where, pattern, way in _used(module):
        _must_be_linear(where, pattern, way)


def test_there_are_patterns_to_look_at():
    assert sum(len(list(_used(module))) for module in _modules()) > 100


def _must_be_linear(where, pattern, way):
    def call(text):
        if way == "sub":
            pattern.sub("", text)
        elif way == "finditer":
            list(pattern.finditer(text))
        else:
            getattr(pattern, way)(text)

    is_bytes = isinstance(pattern.pattern, bytes)
    for start, pump, end in itertools.product(_STARTS, _PUMPS, _ENDS):

        def pumped(size, start=start, pump=pump, end=end):
            text = start + pump * (size // len(pump)) + end
            call(text.encode("latin-1") if is_bytes else text)

        assert not grows_too_fast(pumped), (where, start, pump, end)


def _elements(pack: Pack) -> Iterator[Element]:
    yield from pack.elements.values()
    for rule in pack.screens:
        for way in rule.ways:
            for condition in (*way.needs, *way.refuses):
                yield from condition.elements


def test_a_packs_pattern_takes_no_time_on_any_label():
    patterns = {s.pattern for pack in load_packs() for e in _elements(pack) for s in e.alternatives if s.pattern}
    assert len(patterns) > 10
    for pattern in patterns:
        for start, pump, end in itertools.product(
            ("", "fleetlane", "row 1, "), (*_PUMPS, "row 1, ", "· 1", "·"), _ENDS
        ):
            label = start + pump * (60_000 // len(pump)) + end
            for text in (label, label[:500]):
                began_s = time.thread_time()
                pattern.fits(text)
                assert time.thread_time() - began_s < 0.1, (pattern, start, pump)


@pytest.mark.parametrize("written", ["(a+)+b", "(ab|cd)*e", "a*a*a*a*a*b", "(a?){30}a{30}", "a?" * 30, "(x)\\1", "("])
def test_a_pattern_that_could_take_for_ever_is_refused(written):
    with pytest.raises(ValueError, match=r"could take too long|no regular expression"):
        bound_pattern(written)


def test_a_pattern_of_several_repetitions_fits_no_long_text():
    pattern = bound_pattern(".*row .*")
    assert pattern.fits("x" * 100 + "row 1")
    assert not pattern.fits("x" * 1000 + "row 1")
    assert bound_pattern("x+").fits("x" * 100_000)


@pytest.mark.parametrize("pump", ["{", "|", "}", "{|", "{a|b}", "{}", "##", "#", "{a", "\n", "a\n", "{|}}"])
@pytest.mark.parametrize("start", ["", "{"])
@pytest.mark.parametrize("end", ["", "|b}", "}"])
def test_reading_a_caption_is_linear(start, pump, end):
    def read(size):
        text = start + pump * (size // len(pump)) + end
        assert guess_format(text) in CaptionFormat
        spin(text, 1)
        split_title(text)

    assert not grows_too_fast(read)


@pytest.mark.parametrize("depth", [10, 5_000])
def test_a_deep_template_is_drawn_without_groups_left(depth):
    assert guess_format(spin("{" * depth + "a|b}" + "|c}" * (depth - 1), 7)) is CaptionFormat.PLAIN
    assert spin("{a|b}" * depth, 7).count("{") == 0
