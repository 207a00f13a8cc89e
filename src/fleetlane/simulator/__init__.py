"""Phones that need no hardware: adbd, a media store, a uiautomator server and apps as YAML models.

They stand at adbd's wire, so the real adb server, adbutils and uiautomator2 drive them unchanged. From below:
`likeness`, `models`, `android`, `screens` and `apps` are what a `phone` is made of; `shell` and `link` are what it
answers; `wire` carries that over sockets, in `fleets` behind an adb server, and `virtual` without either.
"""
