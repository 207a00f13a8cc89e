"""Screen packs: what the apps' screens look like and what is done there, as YAML, and their loader."""

from fleetlane.scripts.packs.in_force import PACKS, HeldPack, InForce, load_packs
from fleetlane.scripts.packs.loader import load_pack, load_pack_file

__all__ = ["PACKS", "HeldPack", "InForce", "load_pack", "load_pack_file", "load_packs"]
