"""
How the supervisor of ``kerascrash run`` learns where the dump of its child is.

The child's recorder starts a companion as always. When that finds a supervisor above
its target, it hands the path over and leaves: the parent is the better witness. The
meeting place is an abstract socket named after the supervisor's identity.
"""

from __future__ import annotations

import os
import socket

from kerascrash.watch.exit_status import read_start_ticks

_LONGEST = 4096


def _name_of(pid: int) -> str:
    # Containers may share a network namespace: the pid alone is not unique there.
    return f"\0kerascrash-run-{pid}-{read_start_ticks(pid)}"


def listen() -> socket.socket:
    """Return the supervisor's socket, non-blocking; raises OSError."""
    place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        place.bind(_name_of(os.getpid()))
    except OSError:
        place.close()
        raise
    return place


def receive(place: socket.socket) -> str | None:
    """Return a path that was handed over, if one was."""
    try:
        return os.fsdecode(place.recv(_LONGEST)) or None
    except OSError:
        return None


def hand_over(parent: int, dump: str) -> bool:
    """Tell the supervisor ``parent`` of a dump; False if that is no supervisor."""
    message = os.fsencode(dump)
    if (parent <= 1 and parent != os.getppid()) or len(message) > _LONGEST:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        try:
            teller.sendto(message, _name_of(parent))
        except OSError:
            return False
    return True
