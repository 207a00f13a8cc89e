"""`python -m fleetlane`."""

from fleetlane.cli.entry import main

main()
