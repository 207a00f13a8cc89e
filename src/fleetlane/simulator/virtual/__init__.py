"""Simulated and recorded phones in virtual time: no sockets, and nobody waits."""
