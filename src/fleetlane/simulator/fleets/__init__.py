"""Fleets of simulated phones: what is asked of one, its phones built, and all of them run."""
