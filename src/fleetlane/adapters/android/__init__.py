"""Phones through the real adb server, adbutils and uiautomator2."""
