"""The tool that follows the steps of a document, as a module."""

from __future__ import annotations

import importlib.util
import sys

from support.rig import ROOT


def _tool():
    spec = importlib.util.spec_from_file_location("errands_tool", ROOT / "tools" / "errands.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
