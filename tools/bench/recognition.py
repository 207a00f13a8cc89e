"""Benchmark of recognition: how long it takes to say what a tree of 250 nodes shows."""

from __future__ import annotations

import statistics
import time

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_packs

NODES, LABELLED, ROUNDS = 250, 100, 200
APP = "com.instagram.android"
SHARE = (
    '<node class="android.widget.AutoCompleteTextView" resource-id="{app}:id/caption_input_text_view" '
    'text="my words" package="{app}" bounds="[40,210][1040,460]"/>'
    '<node resource-id="{app}:id/share_button" content-desc="Share" clickable="true" package="{app}" '
    'bounds="[560,2100][1040,2210]"/>'
)
SHEET = (
    '<node resource-id="{app}:id/background_dimmer" clickable="true" package="{app}" bounds="[0,72][1080,2400]"/>'
    '<node resource-id="{app}:id/layout_container_bottom_sheet" package="{app}" bounds="[0,1300][1080,2400]">'
    '<node text="Something of tomorrow" package="{app}" bounds="[80,1400][1000,1480]"/></node>'
)


def recognition() -> str:
    """Return the figures as a section of the report."""
    packs = load_packs()
    cases = {
        "a page that is known": SHARE,
        "a sheet that nobody has named, over a page that is known": SHARE + SHEET,
        "a page that nobody knows: every rule is asked": "",
    }
    times = {name: [] for name in cases}
    for turn in range(ROUNDS):
        for name, nodes in cases.items():
            tree = parse_tree(_tree(nodes, turn))
            start = time.thread_time()
            recognise(packs, View(tree))
            times[name].append((time.thread_time() - start) * 1000)
    rows = "\n".join(
        f"| {name} | {statistics.median(took):.1f} ms | {statistics.quantiles(took, n=20)[-1]:.1f} ms |"
        for name, took in times.items()
    )
    return (
        f"## What a tree of {NODES} nodes shows ({ROUNDS} trees each, in turn)\n\n"
        f"| | median | 95th percentile |\n|---|---|---|\n{rows}\n\n"
        "CPU time, from the parsed tree to its name. No two trees carry the same labels: nothing is remembered."
    )


def _tree(nodes: str, turn: int) -> str:
    filling = "".join(
        f'<node text="{_label(number, turn)}" package="{APP}" bounds="[10,{500 + number}][600,{540 + number}]"/>'
        for number in range(NODES - 1 - nodes.count("<node"))
    )
    whole = f'<node package="{APP}" bounds="[0,0][1080,2400]">{filling}{nodes.format(app=APP)}</node>'
    return f'<hierarchy rotation="0">{whole}</hierarchy>'


def _label(number: int, turn: int) -> str:
    return f"a label of this page, number {number} of turn {turn}" if number < LABELLED else ""
