"""What a simulated phone holds beside its apps: its facts, time, files and media, and how its screen is."""
