"""UI trees written by hand: reduced screens, as XML and as views."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import yaml

from fleetlane.core.recognition import View, recognise
from fleetlane.core.screen import parse_tree
from fleetlane.scripts.packs import load_packs

PACKAGES = {"tiktok": "com.zhiliaoapp.musically", "instagram": "com.instagram.android", "android": "android"}
FACTS = Path(__file__).parents[1] / "packs" / "screens_from_facts.yaml"
WIDTH, HEIGHT = 1080, 2400


def cases_from_facts():
    """Return the reduced screens of screens_from_facts.yaml."""
    return yaml.safe_load(FACTS.read_text(encoding="utf-8"))


def package_of(case):
    return case.get("package") or PACKAGES[case["app"]]


def nodes_xml(nodes, package):
    """Return one window: its background and its nodes. `id` is short, or whole with its package."""
    parts = [f'<node bounds="[0,0][{WIDTH},{HEIGHT}]" package={quoteattr(package)}/>']
    for node in nodes:
        left, top, right, bottom = node["at"]
        owner = node.get("package", package)
        name = node.get("id", "")
        full = name if ":" in name else f"{owner}:id/{name}" if name else ""
        kind = f"android.widget.{node['class']}" if "class" in node else ""
        states = "".join(
            f'{state}="{"true" if node.get(state) else "false"}" ' for state in ("clickable", "selected", "focused")
        )
        parts.append(
            f"<node text={quoteattr(str(node.get('text', '')))} content-desc={quoteattr(node.get('desc', ''))} "
            f'resource-id={quoteattr(full)} class="{kind}" package={quoteattr(owner)} {states}'
            f'bounds="[{left},{top}][{right},{bottom}]"/>'
        )
    return "".join(parts)


def view_of(*windows):
    """Return the view of windows, each (nodes, package), the lowest first."""
    inner = "".join(nodes_xml(nodes, package) for nodes, package in windows)
    return View(parse_tree(f'<hierarchy rotation="0">{inner}</hierarchy>'))


def seen(*windows):
    """Return what windows show, as "APP SCREEN"."""
    return str(recognise(load_packs(), view_of(*windows)))
