"""The shell of a simulated phone: its language, its commands, and how a line is run."""
