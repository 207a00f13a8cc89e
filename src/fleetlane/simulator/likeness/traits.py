"""What a simulated phone does as real ones do, or does not: its traits, each with the evidence for it.

A *likeness* gives every trait a value: `ideal` (the default: answers at once and leaves out what gets in the way),
`real` (as the evidence says), `slow` (as `real`, and slower), or a YAML file of one's own. Nothing of this was measured
on a phone of ours. `Source` of a trait: JAR is the automation server inside the uiautomator2 3.7.1 wheel, AOSP are
Android's own sources, GL are 1,197 logs of posts on rented phones (December 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_type_hints

from fleetlane.simulator.likeness.spans import Span

NOTHING = Span.of(0.0)
GUARDS = ("none", "xiaomi", "vivo", "oppo", "realme", "samsung")
ORDERS = ("added", "modified", "taken")
SHARE_ANSWERS = ("plain", "delivered", "front")


@dataclass(frozen=True, slots=True)
class About:
    """What is said about a trait.

    Args:
        what: what it is, for people.
        source: the evidence, in few words; "" when there is none.
        assumed: what of it nobody has seen, "" for nothing.
        known: the values a text can have.
    """

    what: str
    source: str
    assumed: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of one phone. Times are in seconds; shares are from 0 to 1."""

    # -- what a UI tree holds
    dump_dots: Annotated[
        bool,
        About("emoji and control characters are dots in a UI tree", "JAR `stripInvalidXMLChars`; uiautomator2#1111"),
    ] = False
    dump_windows: Annotated[
        bool,
        About(
            "a UI tree holds all windows: status bar, navigation bar, keyboard keys and suggestions",
            "JAR `getWindowRoots`",
            "which nodes the bars and the keyboard have",
        ),
    ] = False
    dump_hash_order: Annotated[
        bool, About("windows of a UI tree come in the order of a hash set", "JAR `getWindowRoots`")
    ] = False
    dump_attributes: Annotated[
        bool,
        About(
            "`hint`, `drawing-order`, `display-id`; bounds clipped to the screen, nothing invisible",
            "JAR",
            "the numbers in `drawing-order`",
        ),
    ] = False
    dump_s: Annotated[Span, About("a UI tree takes", "mobilecli#286")] = NOTHING
    dump_after_start_s: Annotated[Span, About("a UI tree right after an app's start takes", "mobilecli#286")] = NOTHING
    dump_after_start_for_s: Annotated[float, About("how long after a start they do", "", "all of it")] = 0.0
    dump_fails: Annotated[
        float,
        About("share of UI trees that fail with a NullPointerException", "JAR", "the share; up to 1 in 3 was tried"),
    ] = 0.0
    dump_empty: Annotated[float, About("share of UI trees that are empty", "JAR", "the share")] = 0.0

    # -- how long calls take
    jvm_command_s: Annotated[Span, About("`content`, `am`, `pm`, `input`, … take", "GL")] = NOTHING
    command_s: Annotated[Span, About("other shell commands take", "", "all of it")] = NOTHING
    rpc_s: Annotated[Span, About("other calls of the automation server take", "", "all of it")] = NOTHING
    picture_s: Annotated[Span, About("a picture takes", "", "all of it")] = NOTHING
    sync_s: Annotated[Span, About("a file transfer takes", "", "all of it")] = NOTHING
    automation_start_s: Annotated[Span, About("the automation server starts in", "openatx/uiautomator2 issues")] = (
        NOTHING
    )
    automation_lives_s: Annotated[
        Span,
        About("the automation server is killed after (0: never)", "battery managers of OPPO and vivo", "how often"),
    ] = NOTHING
    automation_taken: Annotated[
        bool,
        About(
            'another tool holds UiAutomation: the server answers "already registered"', "uiautomator2 (its own text)"
        ),
    ] = False

    # -- apps
    launch_s: Annotated[Span, About("an app's cold start takes (0: as its model says)", "GL", "that it is even")] = (
        NOTHING
    )
    splash: Annotated[bool, About("a start shows a picture without words first", "GL", "what is in it")] = False
    editor_dwell_s: Annotated[Span, About("a video editor drops taps at first (0: as its model says)", "GL")] = NOTHING
    upload_s: Annotated[Span, About("an upload takes (0: as the app's model says)", "GL quantiles", "the shortest")] = (
        NOTHING
    )
    grid_s: Annotated[
        Span,
        About(
            "a new post shows on the profile after (0: as the model says)",
            "GL: 20 s TikTok, 54 s Instagram",
            "that it is even between them",
        ),
    ] = NOTHING
    loses_first_share: Annotated[
        bool, About("Instagram loses a shared video when it was not running", "fbsamples/share_to_reels_android#12")
    ] = False
    share_answer: Annotated[
        str,
        About(
            "a share to a running app is told as plain, delivered (with a warning), or only brings it to the front",
            "AOSP `am start`",
            known=SHARE_ANSWERS,
        ),
    ] = "plain"

    # -- screen and lock
    screen_timeout_s: Annotated[
        float, About("the screen goes off without touches after (0: never)", "JAR: no wake lock")
    ] = 0.0
    locks_after_s: Annotated[float, About("it is locked so long after it went off", "", "all of it")] = 0.0
    keyguard_s: Annotated[Span, About("the keyguard goes in; until then taps are dropped", "AOSP; public issues")] = (
        NOTHING
    )
    pin: Annotated[bool, About("a lock screen that no swipe opens", "AOSP")] = False
    before_first_unlock: Annotated[
        bool, About("restarted and not unlocked since: nothing starts, /sdcard is not there", "AOSP")
    ] = False

    # -- the shape of the phone
    physical_keys: Annotated[
        bool, About("has physical keys; without, `monkey` ends 251", "appium#16427, mobilewright#82")
    ] = True
    other_user: Annotated[
        int,
        About("number of a second user the shell may not look at (0: none)", "Maestro#418, web-ext#2904, androidqf#12"),
    ] = 0
    other_user_apps: Annotated[
        str, About("apps that only a second user has, as `pm list packages` lists them", "AOSP")
    ] = ""
    input_guard: Annotated[
        str,
        About(
            "taps need a second switch of the vendor",
            "uiautomator2#520",
            "that a Samsung's Auto Blocker answers alike",
            known=GUARDS,
        ),
    ] = "none"
    clipboard_card_s: Annotated[
        float, About("how long a card lies at the bottom left after a copy (Android 13 on)", "AOSP", "its exact place")
    ] = 0.0

    # -- files and gallery
    gallery_order: Annotated[str, About("what galleries sort by", "GL; public issues", known=ORDERS)] = "added"
    row_from_push: Annotated[
        bool,
        About("a pushed file is in the media store at once, with the second its push began (Android 11 on)", "AOSP"),
    ] = False
    scan_call_ignored: Annotated[
        bool,
        About(
            "`content call scan_file` indexes nothing; the broadcast does",
            "scrcpy#6852 (the broadcast works up to Android 16)",
            "that a phone ignores the call",
        ),
    ] = False


IDEAL = Traits()
"""An ideal phone: every default."""
ABOUT: Mapping[str, About] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Traits, include_extras=True).items()
}
"""What is said about each trait, by its name, in order."""
NAMES = tuple(ABOUT)
