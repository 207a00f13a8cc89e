"""What vendors put between this computer and their phones: the second switch without which no tap gets through.

Xiaomi's is known from public reports (openatx/uiautomator2#520). The words of the others are as their help pages and
forums give them; nobody has seen them here.
"""

from __future__ import annotations

from collections.abc import Mapping

INJECTION = "INJECT_EVENTS"
"""Stands in what Android answers to a tap that it does not let through."""

_SWITCHES: tuple[tuple[str, str, str], ...] = (
    # a property that only such phones have, or a brand; what is shown; what to do
    ("ro.miui.ui.version.name", "", 'Developer options > "USB debugging (Security settings)"; it wants a SIM card'),
    ("ro.mi.os.version.name", "", 'Developer options > "USB debugging (Security settings)"; it wants a SIM card'),
    ("", "vivo", 'Developer options > "USB debugging (Security settings)" or "USB simulated click"'),
    ("", "iqoo", 'Developer options > "USB debugging (Security settings)" or "USB simulated click"'),
    ("", "oppo", 'Developer options > "Disable permission monitoring"'),
    ("", "realme", 'Developer options > "Disable permission monitoring"'),
    ("", "oneplus", 'Developer options > "Disable permission monitoring"'),
    ("", "samsung", 'Settings > Security and privacy > "Auto Blocker": off'),
)
_ANY = "Developer options: the second switch of USB debugging, which lets this computer tap"


_BATTERY_MANAGERS = frozenset({"oppo", "vivo"})
"""Brands whose battery manager is known to end the automation server (public issues of uiautomator2)."""


def input_switch(properties: Mapping[str, str]) -> str:
    """Return what to switch on a phone that refuses taps, by its system properties."""
    return known_switch(properties) or _ANY


def known_switch(properties: Mapping[str, str]) -> str:
    """Return the switch that phones of this vendor are known to have, "" when none is known."""
    brand = properties.get("ro.product.brand", "").casefold()
    for name, of_brand, switch in _SWITCHES:
        if (name and properties.get(name)) or (of_brand and of_brand == brand):
            return switch
    return ""


def ends_background_work(properties: Mapping[str, str]) -> bool:
    """Return whether phones of this vendor are known to end the automation server to save power."""
    return properties.get("ro.product.brand", "").casefold() in _BATTERY_MANAGERS
