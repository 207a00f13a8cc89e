"""What simulated phones are like: their traits, the spans of time among them, and the YAML files that give them."""
