"""Fleetlane: a self-hosted task server for fleets of Android phones."""

from importlib.metadata import version

__version__ = version("fleetlane")
