"""The second switch that some vendors put before taps from outside ("USB debugging (Security settings)").

Until it is on, whatever injects input, grants a permission, writes a setting or installs is refused; how Android
says so is here, with the properties by which the vendor is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleetlane.simulator.android.phone_state import PhoneState

INJECT_OLD = "Injecting to another application requires INJECT_EVENTS permission"
INJECT = (
    "Injecting input events requires the caller (or the source of the instrumentation, if any) to have the "
    "INJECT_EVENTS permission."
)
GRANT = (
    "grantRuntimePermission: Neither user 2000 nor current process has android.permission.GRANT_RUNTIME_PERMISSIONS."
)
WRITE = "Permission denial: writing to settings requires:android.permission.WRITE_SECURE_SETTINGS"
INSTALL = "Failure [INSTALL_FAILED_USER_RESTRICTED: Install canceled by user]"
_SDK_12 = 31
_PROPERTIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "xiaomi": (
        "Xiaomi",
        {
            "ro.miui.ui.version.name": "V140",
            "ro.miui.ui.version.code": "14",
            "ro.mi.os.version.name": "OS1.0",
            "persist.security.adbinput": "0",
        },
    ),
    "vivo": ("vivo", {"ro.vivo.os.version": "14.0", "ro.vivo.os.name": "Funtouch"}),
    "oppo": ("OPPO", {"ro.build.version.oplusrom": "V14.0.0", "ro.build.version.opporom": "V14.0.0"}),
    "realme": ("realme", {"ro.build.version.realmeui": "V5.0", "ro.build.version.oplusrom": "V14.0.0"}),
    "samsung": ("samsung", {"ro.build.version.oneui": "60101"}),
}


def is_guarded(phone: PhoneState) -> bool:
    """Return whether the vendor's second switch is there, and off."""
    return phone.traits.input_guard != "none"


def vendor_properties(phone: PhoneState) -> dict[str, str]:
    """Return the system properties of the vendor of a guarded phone; they win over those of its facts."""
    if not is_guarded(phone):
        return {}
    brand, properties = _PROPERTIES[phone.traits.input_guard]
    return {"ro.product.brand": brand, "ro.product.manufacturer": brand, **properties}


def injection_refused(phone: PhoneState) -> str:
    """Return what a refused tap says."""
    return f"java.lang.SecurityException: {INJECT if phone.sdk >= _SDK_12 else INJECT_OLD}"
