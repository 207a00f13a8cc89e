"""`python -m fleetlane`."""

from fleetlane.cli.main import main

main()
