"""Adapters: everything outside, behind the ports of `core.ports`."""
