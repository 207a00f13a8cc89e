"""The sound of a post: used from its own page, added in the editor, or taken off."""

from __future__ import annotations

from fleetlane.core.errors import TaskFailedError
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.config import AddSound, PostConfig
from fleetlane.scripts.post.content import Sound


class Sounds:
    """Sets the sound."""

    def __init__(self, navigator: Navigator, config: PostConfig) -> None:
        self._navigator = navigator
        self._config = config

    @property
    def has_to_act(self) -> bool:
        """Return whether there is anything to do in the editor."""
        return self._config.adds_sound or self._config.add_sound is not AddSound.DEFAULT

    def use(self, sound: Sound) -> None:
        """Open the page of a sound, and use it."""
        raise TaskFailedError("step_unavailable", sound.text)

    def set(self) -> None:
        """Set the sound in the editor."""
        raise TaskFailedError("step_unavailable")
