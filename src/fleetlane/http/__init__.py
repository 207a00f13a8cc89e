"""The HTTP API: routes, the envelope, the one table of errors, and the guard in front."""
