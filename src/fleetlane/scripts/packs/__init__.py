"""Screen packs: what the apps' screens look like and what is done there, as YAML, and their loader."""

from fleetlane.scripts.packs.loader import load_pack, load_pack_file, load_packs

__all__ = ["load_pack", "load_pack_file", "load_packs"]
