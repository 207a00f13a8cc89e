"""A wire between a host's namespace and the servers that loses or delays what the host sends, as `tc netem` would.

Kernels without netem have TUN all the same: two devices, and this process carries packets between them. It behaves
until SIGUSR1, misbehaves until SIGUSR2, and is gone with its devices when it ends. Needs root and Linux.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import signal
import struct
import subprocess
import time

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_CLONE_NEWNET = 0x40000000
_LONGEST_PACKET = 65_536
_MISBEHAVES = [False]


def main() -> None:
    """Carry packets until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", required=True, help="name of the namespace")
    parser.add_argument("--server", required=True, help="address of the servers")
    parser.add_argument("--address", required=True, help="that the host gets")
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--delay-s", type=float, default=0.0)
    options = parser.parse_args()
    signal.signal(signal.SIGUSR1, lambda *_: _MISBEHAVES.__setitem__(0, True))
    signal.signal(signal.SIGUSR2, lambda *_: _MISBEHAVES.__setitem__(0, False))
    name = f"flw{os.getpid()}"
    here, there = _tun(name), _tun_inside(options.space, "wire0")
    _ip("link", "set", name, "up")
    _ip("route", "add", f"{options.address}/32", "dev", name)
    _ip("-n", options.space, "addr", "add", f"{options.address}/32", "dev", "wire0")
    _ip("-n", options.space, "link", "set", "wire0", "up")
    _ip("-n", options.space, "route", "add", f"{options.server}/32", "dev", "wire0", "src", options.address)
    print("ready", flush=True)
    _carry(here, there, options.loss, options.delay_s)


def _carry(here: int, there: int, loss: float, delay_s: float) -> None:
    waiting: list[tuple[float, int, bytes]] = []
    numbers = itertools.count()  # of the same instant, the first goes first
    while True:
        wait_s = max(waiting[0][0] - time.monotonic(), 0.0) if waiting else None
        for ready in select.select([here, there], [], [], wait_s)[0]:
            packet = os.read(ready, _LONGEST_PACKET)
            if ready == here:
                os.write(there, packet)
            elif not _MISBEHAVES[0]:
                os.write(here, packet)
            elif random.random() >= loss:
                heapq.heappush(waiting, (time.monotonic() + delay_s, next(numbers), packet))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(here, heapq.heappop(waiting)[2])


def _tun(name: str) -> int:
    """Return a new TUN device of the namespace that this thread is in."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _IFF_TUN_NO_PI))
    return device


def _tun_inside(space: str, name: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    inside = os.open(f"/run/netns/{space}", os.O_RDONLY)
    try:
        _enter(libc, inside)
        device = _tun(name)
        _enter(libc, outside)
    finally:
        os.close(inside)
        os.close(outside)
    return device


def _enter(libc: ctypes.CDLL, space: int) -> None:
    if libc.setns(space, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "The namespace cannot be entered")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


if __name__ == "__main__":
    main()
