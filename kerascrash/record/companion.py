"""
Starting the watcher: through an intermediate that is reaped at once.

The watcher must be nobody's child that the user can meet in ``os.wait()``. Forking
here would run the at-fork handlers of the user's libraries, so ``posix_spawn`` starts
an intermediate, which starts the watcher and exits. ``/bin/sh`` does that in 2 ms;
where there is none, the watcher's own script does (15 ms: an interpreter starts).
"""

from __future__ import annotations

import os
import sys

START_SCRIPT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "watch", "start.py"
)
_SHELL = "/bin/sh"


def start_watcher(dump_path: str) -> None:
    """Start the watcher of this process; raises OSError when it cannot be started."""
    if not sys.executable:
        raise OSError("the interpreter does not know its own path")
    command = [sys.executable, "-I", "-S", START_SCRIPT, dump_path]
    if os.path.exists(_SHELL):
        command = [_SHELL, "-c", '"$@" &', "kerascrash", *command]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    intermediate = os.posix_spawn(
        command[0], command, os.environ, file_actions=actions, setsigmask=[]
    )
    try:
        os.waitpid(intermediate, 0)
    except ChildProcessError:  # the user ignores SIGCHLD: the kernel reaps by itself
        return
