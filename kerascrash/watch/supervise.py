"""
The supervising parent of ``kerascrash run``: ``python -I -S supervise.py COMMAND…``.

It is the training's parent and its watcher in one: it has the exact wait status, keeps
standard error, forwards signals, adopts orphans, and survives the training even where
that runs in a container whose PID 1 it is. It leaves with the training's status.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # At the end: site-packages may hold old backports of standard modules.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

from kerascrash.watch.supervisor import Supervisor


def main() -> None:
    """Supervise the command in our arguments."""
    code = Supervisor(sys.argv[1:], dict(os.environ)).run()
    os._exit(code)  # a thread stuck on a lost disk must not keep us


if __name__ == "__main__":
    main()
