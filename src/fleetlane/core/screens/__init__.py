"""A phone's screen as a tree: parsed, recognised, and blanked before others see it."""
