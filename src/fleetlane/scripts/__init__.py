"""What tasks do on a phone: scripts, the phone they are given, and the screen packs they read."""
