"""What the other computers that phones hang on get of the server, and bring to it."""
