"""Screens of the packs that are no place of the matrix, and where they are tried instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_POPUPS = "laid over each screen of a post by `tests/flow/test_popups.py`"
_AFTER_SHARE = "sheets after Share, in `tests/flow/test_options.py`"
_RECOGNISED = "recognised, in `tests/packs`; no post of the tests comes to them"
_FAULT = "they come by the fault of that name, or by `log_out`, `upload_fail`, `crash`, `lock`"
_PASSED = "passed on the way: while a text is written, between the press on Post and the next place"
_ACCOUNTS = "on the way to another account, in `tests/flow/test_options.py`"
_LEAVING = "on the way out of a dry run, in `tests/flow/test_options.py`"
_OPTIONS = "posts of other kinds, in `tests/flow/test_options.py`"
_PERMISSIONS = "laid over screens by `tests/flow/test_popups.py`, `tests/flow/test_post_tiktok.py` and `tests/packs`"

ELSEWHERE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "tiktok": {
        _FAULT: ("security_check", "account_blocked", "logged_out", "upload_failed"),
        _PASSED: ("post_editing", "uploading", "posted"),
        _POPUPS: (
            "popup_notifications", "popup_contacts", "popup_widget", "popup_phone", "popup_resume_edit",
            "popup_save_login", "popup_business_inbox", "popup_commercial_sounds", "popup_update", "popup_notice",
        ),
        "asked for before and after Post, in `tests/flow/test_never_denied.py`": ("popup_music_rights",),
        _ACCOUNTS: ("account_sheet", "profile_menu", "settings"),
        _LEAVING: ("exit_modal",),
        _RECOGNISED: ("popup_public_video", "popup_terms", "camera_wall", "friends"),
    },
    "instagram": {
        _FAULT: ("security_check", "account_blocked", "logged_out", "failed"),
        _PASSED: ("share_editing", "uploading", "pending", "posted"),
        "before Post they are what they are on TikTok; after Post they are places here": (
            "home_feed", "own_profile", "own_post",
        ),
        _POPUPS: (
            "popup_draft", "popup_download_privacy", "popup_threads", "popup_meta_verified", "popup_rate",
            "popup_swipe_nav", "popup_location",
        ),
        _AFTER_SHARE: ("popup_original_audio", "popup_first_reel", "popup_limited_reach"),
        _ACCOUNTS: ("account_sheet",),
        _LEAVING: ("leave_editor",),
        _OPTIONS: ("story_editor", "gallery_story", "gallery_post"),
        _RECOGNISED: ("popup_edits_app", "popup_terms", "popup_promo", "popup_notice"),
    },
    "android": {
        _FAULT: ("not_responding", "app_crashed", "lock_screen"),
        _PERMISSIONS: ("perm_media", "perm_camera", "perm_audio", "perm_notifications"),
        "after an app has ended by itself, as after `crash`": ("launcher",),
        _RECOGNISED: ("resolver",),
    },
}  # fmt: skip
