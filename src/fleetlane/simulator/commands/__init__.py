"""The commands of a simulated phone's shell, by what they are about. Importing this registers all of them."""

from fleetlane.simulator.commands import activities, content, files, packages, screen, system

__all__ = ["activities", "content", "files", "packages", "screen", "system"]
