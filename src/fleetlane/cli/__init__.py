"""The command line: `fleetlane`."""
