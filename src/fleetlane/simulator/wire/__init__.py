"""Carries a simulated phone's answers over sockets, to a real adb server."""
