"""App models: what simulated apps show and do, read from the YAML files beside this one, and compiled."""
