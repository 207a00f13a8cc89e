"""List the targets of the Makefile, each with what it does. Run by `make` alone."""

from __future__ import annotations

import re
from pathlib import Path

_TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.MULTILINE)


def main() -> None:
    """Print them in their order."""
    found = _TARGET.findall((Path(__file__).resolve().parent.parent / "Makefile").read_text(encoding="utf-8"))
    width = max(len(name) for name, _ in found)
    print("\n".join(f"make {name:<{width}}  {what}" for name, what in found))


if __name__ == "__main__":
    main()
