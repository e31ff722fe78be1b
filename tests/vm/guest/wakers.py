"""What wakes the watcher on this kernel: count how often, until the process is dead."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

from kerascrash.probes.oom_counters import OomCounters
from kerascrash.watch.exit_status import ask_pidfd
from kerascrash.watch.wakers import Wakers

CGROUP = Path("/sys/fs/cgroup/job")
CODE = """
import sys
sys.stdin.readline()
kept = []
while True:
    kept.append(bytearray(b"x") * (2 << 20))
"""

(CGROUP.parent / "cgroup.subtree_control").write_text("+memory")
CGROUP.mkdir()
(CGROUP / "memory.max").write_text(str(128 << 20))


def enter() -> None:
    """Become a member of the limited cgroup."""
    (CGROUP / "cgroup.procs").write_text(str(os.getpid()))


eater = subprocess.Popen(
    [sys.executable, "-c", CODE], stdin=subprocess.PIPE, preexec_fn=enter
)
pidfd = os.pidfd_open(eater.pid)
wakers = Wakers(OomCounters(eater.pid).event_files)
events = set(wakers.fds)
poll = select.poll()
poll.register(pidfd, select.POLLIN)
for fd in events:
    poll.register(fd, Wakers.EVENTS)
assert eater.stdin is not None
eater.stdin.write(b"\n")
eater.stdin.close()
woken: list[int] = []
while pidfd not in (ready := [fd for fd, _ in poll.poll()]):
    for fd in ready:
        woken.append(fd)
        wakers.acknowledge(fd)
idle = len(poll.poll(0))
eater.wait()
facts = {
    "watched": len(events),
    "woken": len(woken),
    "by": len(set(woken)),
    "status": eater.returncode,
    "pidfd_info": ask_pidfd(pidfd),
    "pressure": Path("/proc/pressure/memory").exists(),
    "restless": idle,
}
(Path(sys.argv[1]) / "facts.json").write_text(json.dumps(facts))
