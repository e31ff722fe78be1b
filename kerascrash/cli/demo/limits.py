"""
A memory limit for one child process, by the strongest means this machine allows.

A cgroup ends in a real kernel OOM kill. Where none can be made, an rlimit makes the
allocation fail inside the process instead: another death, and the demo says so.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerascrash.units import format_bytes

_V1 = Path("/sys/fs/cgroup/memory")
_V2 = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Limit:
    """One way to limit a child: wrap its command, prepare it, clean up after it."""

    how: str
    changes: str
    wrap: Callable[[Sequence[str]], list[str]] = list
    prepare: Callable[[], None] | None = None
    clean_up: Callable[[], None] = lambda: None


def _join(folder: Path) -> Callable[[], None]:
    # Runs in the child between fork and exec, so that nothing of ours is limited.
    procs = str(folder / "cgroup.procs")

    def join() -> None:
        with open(procs, "w", encoding="ascii") as file:
            file.write(str(os.getpid()))

    return join


def remove_cgroup(folder: Path) -> None:
    """Remove a cgroup once its processes are gone."""
    for _ in range(50):  # the kernel needs a moment to uncharge a killed process
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)


def _make_cgroup(
    folder: Path, settings: Sequence[tuple[str, int, bool]]
) -> Limit | None:
    try:
        folder.mkdir()
    except OSError:
        return None
    try:
        for name, value, required in settings:
            path = folder / name
            if path.exists() or required:
                path.write_text(str(value), encoding="ascii")
        if not os.access(folder / "cgroup.procs", os.W_OK):
            raise PermissionError(folder)
    except OSError:
        remove_cgroup(folder)
        return None
    return Limit(
        how=f"a memory cgroup of its own ({folder})",
        changes="",
        prepare=_join(folder),
        clean_up=lambda: remove_cgroup(folder),
    )


def _cgroup_v1(limit: int) -> Limit | None:
    if not (_V1 / "memory.limit_in_bytes").exists():
        return None
    return _make_cgroup(
        _V1 / f"kerascrash-demo-{os.getpid()}",
        [
            ("memory.limit_in_bytes", limit, True),
            ("memory.memsw.limit_in_bytes", limit, False),
        ],
    )


def _cgroup_v2(limit: int) -> Limit | None:
    try:
        enabled = (_V2 / "cgroup.subtree_control").read_text(encoding="ascii").split()
    except OSError:
        return None
    if "memory" not in enabled:
        return None
    return _make_cgroup(
        _V2 / f"kerascrash-demo-{os.getpid()}",
        [("memory.max", limit, True), ("memory.swap.max", 0, False)],
    )


def _systemd(limit: int) -> Limit | None:
    if not shutil.which("systemd-run"):
        return None
    scope = ["systemd-run", "--scope", "--quiet", "--collect"]
    if os.geteuid() != 0:
        scope.insert(1, "--user")
    scope += ["-p", f"MemoryMax={limit}", "-p", "MemorySwapMax=0"]
    try:
        done = subprocess.run(
            [*scope, "true"], capture_output=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return Limit(how="a systemd scope", changes="", wrap=lambda argv: [*scope, *argv])


def _rlimit(limit: int) -> Limit | None:
    # RLIMIT_DATA counts private writable memory, what RLIMIT_AS cannot tell from
    # reserved address space; thread stacks count too, hence the allowance.
    allowance = limit + (512 << 20)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (allowance, allowance))

    return Limit(
        how=f"the process limit RLIMIT_DATA = {format_bytes(allowance)}",
        changes="No cgroup can be made here, so the allocation will fail inside the "
        "process: an allocation failure instead of a kill by the kernel.",
        prepare=prepare,
    )


def find_limit(limit: int) -> Limit:
    """Return the strongest way to hold a child to ``limit`` bytes on this machine."""
    for make in (_cgroup_v1, _cgroup_v2, _systemd, _rlimit):
        found = make(limit)
        if found:
            return found
    raise AssertionError("an rlimit can always be set")
