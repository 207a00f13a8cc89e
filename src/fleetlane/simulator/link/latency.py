"""How long a simulated phone takes to answer a call, by its traits: the wire and virtual time ask the same."""

from __future__ import annotations

from functools import lru_cache

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.mksh.reader import read
from fleetlane.simulator.shell.mksh.tree import simple_commands

JVM_COMMANDS = frozenset(
    {"content", "am", "pm", "input", "settings", "ime", "cmd", "monkey", "dumpsys", "wm", "svc", "uiautomator"}
)
"""Commands that start a virtual machine, or ask a service that takes as long."""
PICTURES = ("rpc:takeScreenshot", "shell:screencap", "framebuffer:")
TREE = "rpc:dumpWindowHierarchy"


class Latency:
    """What the calls of one phone cost, drawn call by call."""

    def __init__(self, phone: SimPhone) -> None:
        self._phone = phone

    def of(self, call: str) -> tuple[float, float]:
        """Return the seconds before a call takes effect, and from then to its answer.

        Args:
            call: such as "shell:pm list packages", "sync:SEND", "rpc:click" or "ui_server".
        """
        if call == TREE:
            seconds = self._tree_s()
            return seconds / 2, seconds / 2  # the screen is read in between
        return self._before_s(call), 0.0

    def _before_s(self, call: str) -> float:
        traits, draws = self._phone.traits, self._phone.draws
        kind, _, rest = call.partition(":")
        if call.startswith(PICTURES):
            return draws.seconds("picture", traits.picture_s)
        match kind:
            case "shell":
                starts = jvm_commands(rest)
                if starts:
                    return sum(draws.seconds("jvm_command", traits.jvm_command_s) for _ in range(starts))
                return draws.seconds("command", traits.command_s)
            case "rpc":
                return draws.seconds("rpc", traits.rpc_s)
            case "sync":
                return draws.seconds("sync", traits.sync_s)
            case "ui_server":
                return draws.seconds("automation_start", traits.automation_start_s)
            case _:  # a small service of adbd
                return draws.seconds("command", traits.command_s)

    def _tree_s(self) -> float:
        phone, traits = self._phone, self._phone.traits
        started_s = phone.app_started_at_s
        if traits.dump_after_start_s and started_s is not None:
            since_launch_s = phone.now_s() - started_s
            if since_launch_s < traits.dump_after_start_for_s:
                return phone.draws.seconds("dump_after_start", traits.dump_after_start_s)
        return phone.draws.seconds("dump", traits.dump_s)


@lru_cache(maxsize=4096)
def jvm_commands(line: str) -> int:
    """Return how many commands of a line start a virtual machine; one in a loop counts once."""
    try:
        commands = simple_commands(read(line))
    except ValueError:
        return 0
    return sum(command.name.removeprefix("/system/bin/") in JVM_COMMANDS for command in commands)
