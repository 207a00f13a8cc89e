"""Phones that need no hardware: adbd, a media store, a uiautomator server and apps as YAML models.

They stand at adbd's wire, so the real adb server, adbutils and uiautomator2 drive them unchanged.
"""
