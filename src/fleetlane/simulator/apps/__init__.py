"""The simulated apps, as they run: their screens, actions, accounts, uploads and permissions."""
