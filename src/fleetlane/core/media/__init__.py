"""Media files: what each really is, by its own content, and whether all of it is there."""

from fleetlane.core.media.files import MediaFacts, MediaKind, look, probe

__all__ = ["MediaFacts", "MediaKind", "look", "probe"]
