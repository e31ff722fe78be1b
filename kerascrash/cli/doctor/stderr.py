"""Whether the last words on standard error will be kept."""

from __future__ import annotations

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.record.environment import describe_stderr

_WHERE = {
    "tty": "a terminal: it shows the last words and keeps none",
    "pipe": "a pipe: whoever reads it has the last words",
    "null": "thrown away",
    "other": "of unknown kind",
}


def _examine() -> Result | None:
    kind = str(describe_stderr()["kind"])
    if kind == "file":
        return Result("ok", "a file: its end is read after the death")
    return Result(
        "weaker",
        f"{_WHERE.get(kind, kind)}",
        "Native libraries say why they abort on standard error, and nowhere else.",
        "kerascrash run train.py   or: python train.py 2>train.err",
        {"kind": kind},
    )


CHECK = Check("stderr", "standard error", "exit", _examine)
