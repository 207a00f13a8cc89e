"""Handing a file to an app by its share activity: it is named by its content URI, so no gallery is asked."""

from __future__ import annotations

from fleetlane.core.errors import ShareLostError, ShellFailedError, TaskFailedError
from fleetlane.scripts.apps import restart_app
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.gallery import PhoneMedia


def share(navigator: Navigator, media: PhoneMedia) -> None:
    """Share a file with an app; once more, when the app only came to the front and did not get it.

    Raises:
        TaskFailedError: `share_refused`.
    """
    needs_running = bool(navigator.pack.facts.get("share_needs_running_app"))
    if needs_running:
        _be_known(navigator)
    try:
        _hand_over(navigator, media)
    except ShareLostError:
        if needs_running:
            restart_app(navigator.phone, navigator.package)
            _be_known(navigator)
        else:
            navigator.phone.stop_app(navigator.package)
        try:
            _hand_over(navigator, media)
        except ShareLostError as error:
            raise _refused(error) from error


def _be_known(navigator: Navigator) -> None:
    """See that the app runs and shows its profile; an app that went away meanwhile is opened."""
    navigator.phone.look()
    navigator.reach("profile", {"own_profile"})


def _hand_over(navigator: Navigator, media: PhoneMedia) -> None:
    activity = str(navigator.pack.facts["share_activity"])
    try:
        navigator.phone.share(navigator.package, activity, media.entry.uri, media.file.mime_type)
    except ShareLostError:
        raise
    except ShellFailedError as error:
        raise _refused(error) from error


def _refused(error: ShellFailedError) -> TaskFailedError:
    return TaskFailedError("share_refused", error.output.strip()[-300:])
