"""Which container this is: its files end with it, and limits above cannot be seen."""

from __future__ import annotations

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.record.environment import find_container


def _examine() -> Result | None:
    kind = find_container()
    if kind is None:
        return Result("ok", "none")
    mount = {
        "kubernetes": "kubectl set env deploy/NAME KERASCRASH_DIR=/mounted/volume",
        "apptainer": "apptainer exec --bind /data --env KERASCRASH_DIR=/data/dumps ...",
    }.get(kind, 'docker run -v "$PWD/dumps:/dumps" -e KERASCRASH_DIR=/dumps ...')
    return Result(
        "weaker",
        kind,
        "What is written inside ends with the container, and limits above it cannot "
        "be seen from inside.",
        mount,
        {"kind": kind},
    )


CHECK = Check("container", "container", "dump", _examine)
