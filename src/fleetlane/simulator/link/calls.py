"""The kinds of calls that come to a simulated phone, for those who count them."""

from __future__ import annotations

from fleetlane.simulator.link.latency import PICTURES, TREE, jvm_commands

KINDS = ("shell, native", "shell, JVM", "file", "tree", "picture", "automation")


def kind_of(call: str) -> str:
    """Return the kind of a call, such as "shell:getprop" or "rpc:click", one of `KINDS`."""
    if call == TREE:
        return "tree"
    if call.startswith(PICTURES):
        return "picture"
    if call.startswith("shell:"):
        return "shell, JVM" if jvm_commands(call.removeprefix("shell:")) else "shell, native"
    return "file" if call.startswith("sync:") else "automation"
