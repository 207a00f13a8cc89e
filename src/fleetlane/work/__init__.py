"""The use cases: taking tasks in, choosing who is next, running attempts, recovering after a crash.

They know the ports of `core.ports` and the scripts; they know nothing of HTTP, SQL or adb.
"""
