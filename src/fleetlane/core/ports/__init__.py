"""Ports: what the core and the use cases need from outside. A port's docstrings are its contract."""
