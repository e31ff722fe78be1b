"""Who this process is: pid, start time, script, and the training it may belong to."""

from __future__ import annotations

import os
import sys

from kerascrash.record.cells import is_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOTEBOOK, NOTEBOOK_SUFFIX = "notebook", ".ipynb"
PARENT_VARIABLE = "KERASCRASH_PARENT"
"""Set for children while armed: ``<pid>:<start ticks>:<path of the dump>``."""


def read_start_ticks(pid: int) -> int:
    """Return field 22 of /proc/PID/stat (clock ticks since boot), 0 where unknown."""
    fields = _read_stat(pid)
    return int(fields[19]) if len(fields) > 19 else 0


def _read_stat(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the state on, none where unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()
    except OSError:
        return []


def read_boot_id() -> str:
    """Return the id of this boot of the kernel, "" where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_id:
            return boot_id.read().strip()
    except (OSError, ValueError):
        return ""


def is_running(pid: int, start_ticks: int = 0) -> bool:
    """
    Return whether the process lives; with its start time, never a later namesake.

    One that has ended and is not reaped yet (by a notebook's server) does not live.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # alive, and another user's
        pass
    fields = _read_stat(pid)
    if len(fields) < 20:
        return True
    return fields[0] not in b"ZX" and (
        not start_ticks or int(fields[19]) == start_ticks
    )


def name_parent(environ: os._Environ[str], dump_path: str) -> None:
    """Let the children of this process know whose they are."""
    pid = os.getpid()
    environ[PARENT_VARIABLE] = f"{pid}:{read_start_ticks(pid)}:{dump_path}"


def find_parent(environ: dict[str, str] | os._Environ[str]) -> str | None:
    """
    Return the dump of the armed process that this one works for, or None.

    None as well when that process is gone, or is this very one after ``exec``.
    """
    try:
        pid, ticks, path = environ.get(PARENT_VARIABLE, "").split(":", 2)
        if int(pid) != os.getpid() and is_running(int(pid), int(ticks)):
            return path if os.path.exists(path) else None
    except ValueError:
        pass
    return None


def find_own_before_exec(environ: dict[str, str] | os._Environ[str]) -> str | None:
    """Return the dump that this process recorded before it called ``exec``, or None."""
    try:
        pid, ticks, path = environ.get(PARENT_VARIABLE, "").split(":", 2)
        ours = path.endswith(f"-{pid}.bin") and int(pid) == os.getpid()
        if ours and int(ticks) == read_start_ticks(int(pid)):
            return path
    except ValueError:
        pass
    return None


def describe_self(parent_dump: str | None) -> dict[str, Any]:
    """Return what the superblock keeps of this process."""
    pid = os.getpid()
    try:
        with open("/proc/self/comm", encoding="utf-8", errors="replace") as comm_file:
            comm = comm_file.read().strip()
    except OSError:
        comm = os.path.basename(sys.executable or "python")[:15]
    return {
        "pid": pid,
        "ppid": os.getppid(),
        "start_ticks": read_start_ticks(pid),
        "boot_id": read_boot_id(),
        "comm": comm,
        "pid_namespace": _pid_namespace(),
        "script": find_script(),
        "worker": parent_dump is not None,
        "parent_dump": parent_dump,
    }


def _pid_namespace() -> int:
    """Return the inode that names the pid namespace, 0 where there is none."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def find_script() -> str:
    """
    Return the main script's path; or ``-m name``, ``-c``, ``notebook``, ``-``.

    Of a notebook the path if its server tells it (Jupyter Server from 2.0 on).
    """
    if is_kernel():
        name = os.environ.get("JPY_SESSION_NAME", "")
        return os.path.abspath(name) if name.endswith(NOTEBOOK_SUFFIX) else NOTEBOOK
    given = list(getattr(sys, "orig_argv", ()))
    if "-m" in given[:-1] and not _names_a_file(given, given.index("-m")):
        return f"-m {given[given.index('-m') + 1]}"
    first = sys.argv[0] if getattr(sys, "argv", None) else ""
    if first in {"-c", "-m", ""}:
        return first or "-"
    return os.path.abspath(first)


def _names_a_file(given: list[str], before: int) -> bool:
    """Return whether a script was named before position ``before``: -m is its own."""
    return any(not word.startswith("-") for word in given[1:before])


def short_name(script: str) -> str:
    """Return a file-name part for ``script``: ``train`` for ``/home/me/train.py``."""
    if script.startswith("-m "):
        name = script[3:].split(".__main__")[0]
    else:
        fixed = {"-c": "command", "-": "interactive", "-m": "module"}
        name = fixed.get(script) or os.path.splitext(os.path.basename(script))[0]
    safe = "".join(c if c.isalnum() or c in "._" else "_" for c in name)
    return safe.lstrip(".")[:60] or "script"
