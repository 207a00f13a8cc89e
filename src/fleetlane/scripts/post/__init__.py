"""The `post` script: publishes the owner's video or images with the phone's own app."""

from fleetlane.scripts.post.script import SCRIPT

__all__ = ["SCRIPT"]
