"""The commands of a simulated phone's shell, by what they are about. Importing this registers all of them."""

from fleetlane.simulator.shell.commands import (
    activities,
    conditions,
    content,
    files,
    packages,
    patterns,
    processes,
    screen,
    system,
    text,
)

__all__ = [
    "activities",
    "conditions",
    "content",
    "files",
    "packages",
    "patterns",
    "processes",
    "screen",
    "system",
    "text",
]
