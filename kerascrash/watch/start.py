"""
Script that starts the companion: ``python -I -S start.py DUMP``.

The process that runs it ends at once, so that its parent can reap it there and then
and never meets the companion in its own ``os.wait()``. The companion is a session of
its own, holds no descriptor of the user's (else ``python x.py | cat`` would hang), and
does not inherit what arms a Python process.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Fork, leave, and watch in the child."""
    dump = os.path.abspath(sys.argv[1])
    if os.getppid() == 1 and is_first_process(dump):
        # An orphan would become the target's child, met by its os.wait(), and the
        # kernel ends it together with the target: of no use, and in the way.
        return
    if os.fork():
        os._exit(0)
    detach()
    settings = take_settings()
    # At the end: site-packages may hold old backports of standard modules.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    from kerascrash.watch.companion import watch_dump

    watch_dump(dump, settings)
    os._exit(0)  # a thread stuck on a lost disk must not keep us


def is_first_process(dump: str) -> bool:
    """Tell whether the dump is of PID 1: read by eye, to be gone within a moment."""
    try:
        with open(dump, "rb") as file:
            head = file.read(16384).replace(b" ", b"")
    except OSError:
        return False
    return b'"pid":1,' in head or b'"pid":1}' in head


def detach() -> None:
    """Become a session of our own that holds nothing of the user's."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:  # the listing's own descriptor
                continue


def take_settings() -> dict[str, str]:
    """Remove kerascrash's variables from the environment and return them."""
    names = [name for name in os.environ if name.startswith("KERASCRASH")]
    return {name: os.environ.pop(name) for name in names}


if __name__ == "__main__":
    main()
