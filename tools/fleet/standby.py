"""A standby of a fleet's database, which takes over from it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import psycopg
from forwarder import Forwarder
from postgres_cluster import Cluster
from server_process import wait_for

_WAIT_S = 30.0
_NAME = "standby"


class Standby:
    """A copy of a server of PostgreSQL that follows it. Use it as a context manager.

    Args:
        folder: where it lies.
        primary: what it follows.
        listens: where it is to listen.
        sync: whether commits wait until it has them on its disk.
    """

    def __init__(self, folder: Path, primary: Cluster, listens: str, *, sync: bool) -> None:
        self.cluster = Cluster(folder, listen_addresses=listens)
        self._primary = primary
        self._sync = sync
        self._link = Forwarder("127.0.0.1", ("127.0.0.1", primary.port))

    def __enter__(self) -> Self:
        self._link.__enter__()
        self.cluster.make_folder()
        follows = f"host=127.0.0.1 port={self._link.port} user=fleetlane application_name={_NAME}"
        data = str(self.cluster.data)
        self.cluster.run("pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", follows)
        self.cluster.start()
        if self._sync:
            self._do(f"ALTER SYSTEM SET synchronous_standby_names = '{_NAME}'")
            self._do("SELECT pg_reload_conf()")
        state = "sync" if self._sync else "async"
        wait_for(lambda: self._states() == [(state,)], _WAIT_S, "the standby to follow")
        return self

    def __exit__(self, *error: object) -> None:
        self._link.__exit__(*error)
        self.cluster.remove()

    def fall_behind(self) -> None:
        """Let it hear no more of what is committed from now on: only where no commit waits for it."""
        self._link.lead_to(None)

    def take_over(self) -> None:
        """Let the primary crash, and be what it was, as far as it is known here."""
        self._primary.stop("immediate")
        self.cluster.run("pg_ctl", "promote", "-w", "-D", str(self.cluster.data))

    def _states(self) -> list[tuple[str, ...]]:
        with psycopg.connect(self._primary.url) as connection:
            return connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._primary.url, autocommit=True) as connection:
            connection.execute(statement)
