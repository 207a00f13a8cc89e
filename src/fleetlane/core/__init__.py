"""The rules of Fleetlane as plain values and functions: standard library only, no I/O."""
