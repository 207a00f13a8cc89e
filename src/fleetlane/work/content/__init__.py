"""What tasks publish and for whom: the library of media, and the accounts."""
