"""`make fleet` measures a whole fleet; `make fleet-chaos` breaks one. Both judge by the phones' own ledgers.

`python tools/fleet` is the first, `python tools/fleet chaos` the second; --help says what each takes.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for server_process, postgres_cluster, judging


import breaking
import measure


def main() -> int:
    """Run what was asked for; all that was started ends with it, also when it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended by SIGTERM."))
    arguments = sys.argv[1:]
    return breaking.main(arguments[1:]) if arguments[:1] == ["chaos"] else measure.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
