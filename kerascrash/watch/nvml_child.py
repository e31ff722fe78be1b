"""
Script that asks NVML: ``python -I nvml_child.py PID [SILENT DEVICE…]``.

A process of its own, because a call may never come back: the watcher kills it then, and
starts another that leaves that device alone. It writes lines: ``.DEVICE CALL`` before
each call, and JSON objects: ``{driver, count}``, ``{device, state, …}``,
``{device, xid}``, ``{problem}``. It ends with the watcher.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

if __name__ == "__main__":
    # At the end, as site-packages of the user's own may hold anything.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    sys.path.extend(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))

from kerascrash.probes.gpu_nvml import DeviceLostError, NvmlReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROUND_S = 1.0
_LONGEST_S = 5.0
_SHARE = 0.005  # of one core
_BETWEEN_EVENTS_S = 0.05
_PR_SET_PDEATHSIG = 1
_FIRST_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel
_DEEPEST = 64


def main() -> None:
    """Ask until nobody listens any more."""
    parent = os.getppid()
    end_with_parent()
    target, *silent = map(int, sys.argv[1:])
    try:
        import pynvml

        reader = NvmlReader(pynvml, _at)
    except Exception as error:  # told, whatever it is: there is nobody else to tell
        _say({"problem": str(error) or type(error).__name__})
        return
    _say({"driver": reader.driver, "count": reader.count})
    devices = [index for index in range(reader.count) if index not in silent]
    for index in devices:
        _follow(reader, index)
    while os.getppid() == parent:
        began = time.thread_time()
        for index in devices:
            row = _read(reader, index, target)
            if is_alive(target):  # what it held is given back when it dies
                _say(row)
        cost = time.thread_time() - began
        _wait(reader, min(max(ROUND_S, cost / _SHARE), _LONGEST_S))


def end_with_parent() -> None:
    """Have the kernel kill us when the watcher is gone, even out of a stuck call."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def is_alive(pid: int) -> bool:
    """Tell whether the process has not ended."""
    fields = _read_file(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(fields) and fields[0] not in "ZX"


def _wait(reader: NvmlReader, seconds: float) -> None:
    """Sleep, and tell at once of each error meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        event = reader.wait(left)
        if event is not None:
            _say({"device": event[0], "xid": event[1]})
            time.sleep(_BETWEEN_EVENTS_S)


def _follow(reader: NvmlReader, index: int) -> None:
    try:
        reader.follow_errors(index)
    except DeviceLostError:  # said with its first reading
        return


def _read(reader: NvmlReader, index: int, target: int) -> dict[str, Any]:
    try:
        row = reader.read(index)
    except DeviceLostError as error:
        return {"device": index, "state": "lost", "reason": str(error)}
    row["processes"] = name_processes(row["processes"], target)
    state = "ok" if "used" in row else "failed"
    return {"device": index, "state": state, **row}


def name_processes(
    rows: list[tuple[int, int | None]], target: int
) -> list[dict[str, Any]]:
    """
    Return rows {pid, bytes, comm, own}; ``own``: the target's or a descendant's.

    Where we are in a container, the driver may list pids of the machine: then they are
    nobody that we know, unless the target is among them.
    """
    named = [
        {"pid": pid, "bytes": size, "comm": _comm(pid), "own": is_own(pid, target)}
        for pid, size in rows
    ]
    if any(row["own"] for row in named) or _is_first_namespace():
        return named
    return [{**row, "comm": "", "own": None} for row in named]


def is_own(pid: int, target: int) -> bool:
    """Tell whether ``pid`` is the target or descends from it."""
    for _ in range(_DEEPEST):
        if pid == target:
            return True
        if pid <= 1:
            break
        pid = _parent(pid)
    return False


def _parent(pid: int) -> int:
    fields = _read_file(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _comm(pid: int) -> str:
    return _read_file(f"/proc/{pid}/comm").strip()


def _read_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _is_first_namespace() -> bool:
    try:
        return os.readlink("/proc/self/ns/pid") == _FIRST_NAMESPACE
    except OSError:
        return False


def _at(device: int, call: str) -> None:
    _write(f".{device} {call}\n")


def _say(message: dict[str, Any]) -> None:
    _write(json.dumps(message, separators=(",", ":")) + "\n")


def _write(line: str) -> None:
    try:
        os.write(1, line.encode())
    except OSError:  # nobody listens any more
        os._exit(0)


if __name__ == "__main__":
    main()
