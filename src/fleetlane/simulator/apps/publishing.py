"""What Post starts in a simulated app: the upload, and what is out when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetlane.core.media.files import MediaKind
from fleetlane.simulator.apps.accounts import Post
from fleetlane.simulator.apps.app_state import AppState
from fleetlane.simulator.apps.uploads import Upload
from fleetlane.simulator.models.compiled_model import Action, Text


def publish(
    app: AppState, texts: Mapping[str, Text], steps: Mapping[str, tuple[Action, ...]], scope: dict[str, Any]
) -> None:
    """Start to upload what is selected; the post is out, and in the ledger, when the upload is done.

    Args:
        app: whose account publishes.
        texts: what is published beside the media: kind, caption and so on.
        steps: actions of the model, by "started", "done" and "failed".
        scope: values of the node that was tapped.
    """
    account = app.account
    if account is None:
        return
    context = {**app.context(), **scope}
    values = {key: text(context) for key, text in texts.items()}
    media = list(app.selected)
    duration = app.phone.upload_s if app.phone.upload_s is not None else app.timing("upload")
    fault, app.faults.upload = app.faults.upload, ""
    app.upload = Upload(app.phone.now_s(), duration, values.get("placement", ""), stuck=fault == "stuck")
    app.run(steps["started"], scope)
    if fault == "stuck":
        return

    def end() -> None:
        app.upload = None
        if fault == "fail":
            app.run(steps["failed"], scope)
            return
        kind = values.get("kind") or ("video" if media and media[0].kind is MediaKind.VIDEO else "images")
        post = Post(kind, values.get("caption", ""), "0", app.phone.now_s(), values.get("placement", ""))
        post.shown_after_s = app.timing("grid")
        if post.placement == "story":
            account.stories.append(post)
        else:
            account.posts.insert(sum(p.pinned for p in account.posts), post)
        app.phone.published(app, account, post, media, values)
        app.run(steps["done"], scope)

    app.later(duration, end, outlives_session=True)
