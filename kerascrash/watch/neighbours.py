"""Who else was on the machine: the biggest processes, and daemons that kill."""

from __future__ import annotations

import os

from kerascrash.probes.procfile import ProcFile

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_BIGGEST = 10
_SMALLEST_BYTES = 32 << 20
KILLERS = frozenset(
    {"earlyoom", "systemd-oomd", "nohang", "nohang-desktop", "oomd", "slurmstepd"}
)
"""Programs that end others when memory is short; names as the kernel cuts them."""


class Neighbours:
    """The machine's other processes, remembered from the start of the run."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._cgroup = _memory_cgroup(pid)
        self._before = dict(self._list())

    def report(self) -> dict[str, Any]:
        """Return the certificate's ``biggest`` (bytes) and ``daemons``."""
        found = sorted(self._list(), key=lambda item: item[1], reverse=True)
        rows: list[dict[str, Any]] = []
        for pid, size in found[:_BIGGEST]:
            if size < _SMALLEST_BYTES and rows:
                break
            rows.append(
                {
                    "pid": pid,
                    "comm": _read(f"/proc/{pid}/comm").strip(),
                    "rss": size,
                    "same_cgroup": bool(self._cgroup)
                    and _memory_cgroup(pid) == self._cgroup,
                    "growth": size - self._before.get(pid, 0),
                }
            )
        names = {_read(f"/proc/{pid}/comm").strip() for pid, _ in found}
        return {"biggest": rows, "daemons": sorted(names & KILLERS)}

    def _list(self) -> list[tuple[int, int]]:
        """Return (pid, resident bytes) of all processes but ours and the target."""
        own = {self._pid, os.getpid()}
        found = []
        for name in _list_folder("/proc"):
            if name.isdigit() and int(name) not in own:
                fields = _read(f"/proc/{name}/statm").split()
                if len(fields) > 1:
                    found.append((int(name), int(fields[1]) * self._page))
        return found


def _memory_cgroup(pid: int) -> str:
    """Return the line of ``/proc/PID/cgroup`` that accounts its memory."""
    lines = _read(f"/proc/{pid}/cgroup").splitlines()
    for line in lines:
        if "memory" in line.partition(":")[2].partition(":")[0].split(","):
            return line
    return next((line for line in lines if line.startswith("0::")), "")


def _list_folder(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path: str) -> str:
    file = ProcFile(path)
    text = file.read().decode("utf-8", "replace")
    file.close()
    return text
