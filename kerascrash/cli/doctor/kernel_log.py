"""The kernel's own words: OOM kills, fault addresses, Xid, machine checks, I/O."""

from __future__ import annotations

import os
import shutil
import subprocess

from kerascrash.cli.doctor._check import Check, Result, read_text

_DEVICE = "/dev/kmsg"
_MEANING = (
    "The kernel says which limit an OOM kill was for, where a segfault was, what the "
    "GPU reported. Without it, exit status and counters alone must tell."
)


def _examine() -> Result | None:
    if not os.path.exists(_DEVICE):
        return None
    reason = _why_not()
    if not reason:
        return Result("ok", f"{_DEVICE} can be read", data={"source": _DEVICE})
    restricted = read_text("/proc/sys/kernel/dmesg_restrict") == "1"
    data = {"reason": reason, "dmesg_restrict": restricted}
    if _journal_is_readable():
        found = f"{_DEVICE}: {reason}; the journal can be read after a death"
        meaning = "Lines that the journal has dropped or not written yet are lost."
        return Result("weaker", found, meaning, data={**data, "source": "journalctl"})
    command = 'sudo usermod -aG systemd-journal "$USER"  (then log in anew)'
    if restricted:
        command = f"sudo sysctl kernel.dmesg_restrict=0   or: {command}"
    return Result("missing", f"{_DEVICE}: {reason}", _MEANING, command, data)


def _why_not() -> str:
    try:
        fd = os.open(_DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return str(error.strerror)
    try:
        os.read(fd, 8192)
    except (BlockingIOError, BrokenPipeError):  # empty, or overtaken: readable
        return ""
    except OSError as error:
        return str(error.strerror)
    finally:
        os.close(fd)
    return ""


def _journal_is_readable() -> bool:
    program = shutil.which("journalctl")
    if program is None:
        return False
    command = [program, "-k", "-q", "--no-pager", "-n", "1", "-o", "cat"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


CHECK = Check("kernel_log", "kernel log", "kernel", _examine)
