"""
Text on standard input: asked for, or piped in beside a status or other files.

What nobody asked for is read only where it can be meant: a terminal, a device, a file
that somebody else is reading and a calling shell's own commands are left alone, and a
pipe in which nothing comes (a CI runner's is often never closed) is waited for no
longer than a few seconds: one, where it is the caller's own and only passed on.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerascrash.cli.patient_pipe import PatientPipe
from kerascrash.errors import SourceError

if TYPE_CHECKING:
    from typing import IO

    from kerascrash.collect.log_text import Progress
    from kerascrash.model.case import Log

STDIN = "-"
UNKNOWN_KIND = "stderr"  # its lines are sorted out
_NAME = "standard input"
_FIRST_SECONDS, _PASSED_ON_SECONDS, _NEXT_SECONDS = 5.0, 1.0, 30.0
_PIECE = 1 << 16
_PARENT = "/proc/{}"
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})


def read_standard_input(kind: str, progress: Progress) -> list[Log]:
    """Return the logs on standard input, to its end; raises SourceError, OSError."""
    if sys.stdin is None:
        raise SourceError(f"{_NAME} is closed")
    if sys.stdin.isatty():
        click.echo("Paste what is left, then Ctrl-D:", err=True)
    return _read(sys.stdin.buffer, kind, progress)


def read_piped_input(progress: Progress) -> list[Log]:
    """Return the logs that were piped in unasked; raises OSError for what is packed."""
    if sys.stdin is None or not _is_meant():
        return []
    if stat.S_ISREG(os.fstat(0).st_mode):
        return _read(sys.stdin.buffer, UNKNOWN_KIND, progress)
    first_s = _PASSED_ON_SECONDS if _is_passed_on() else _FIRST_SECONDS
    pipe = PatientPipe(0, first_s, _NEXT_SECONDS)
    logs = _read(io.BufferedReader(pipe, _PIECE), UNKNOWN_KIND, progress)
    if pipe.silent_s is not None:
        more, waited = " more" if logs else "", f"{pipe.silent_s:.0f} s"
        text = f"nothing{more} came within {waited} (--stderr - waits for all of it)"
        click.echo(f"{_NAME}: {text}", err=True)
    return logs


def _read(stream: IO[bytes], kind: str, progress: Progress) -> list[Log]:
    from kerascrash.collect.log_packed import unpack
    from kerascrash.collect.log_text import read_log_stream

    facts = os.fstat(0)
    plain, packed = unpack(stream)
    known = stat.S_ISREG(facts.st_mode) and not packed
    size = facts.st_size if known else None
    return read_log_stream(plain, kind, _NAME, progress, size)


def _is_meant() -> bool:
    mode = os.fstat(0).st_mode
    if stat.S_ISREG(mode):
        # A loop over its lines (`while read`) would miss what is read here.
        return os.lseek(0, 0, os.SEEK_CUR) == 0
    is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return is_pipe and not _brings_commands()


def _is_passed_on() -> bool:
    """Tell that it is the standard input of the parent, who may have meant nothing."""
    try:
        theirs = os.stat(_PARENT.format(os.getppid()) + "/fd/0")
        return os.path.samestat(theirs, os.fstat(0))
    except OSError:
        return False  # no /proc, or nothing of ours


def _brings_commands() -> bool:
    """Tell that a shell reads its own commands from here: `ssh host bash -s < FILE`."""
    if not _is_passed_on():
        return False
    try:
        raw = Path(_PARENT.format(os.getppid()) + "/cmdline").read_bytes()
    except OSError:
        return False
    words = os.fsdecode(raw).rstrip("\0").split("\0")
    options = [word for word in words[1:] if word.startswith(("-", "+"))]
    short = "".join(word for word in options if not word.startswith("--"))
    reads = "s" in short or (len(options) == len(words) - 1 and "c" not in short)
    return reads and os.path.basename(words[0]).lstrip("-") in _SHELLS
