"""Who may use a server that asks for a token."""
