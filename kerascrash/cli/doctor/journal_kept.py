"""Whether the journal of the boot before is kept: what a power cut leaves."""

from __future__ import annotations

import os
import shutil

from kerascrash.cli.doctor._check import Check, Result

_FOLDER = "/var/log/journal"
_RUNNING = "/run/systemd/journal"  # where journald listens


def _examine() -> Result | None:
    if shutil.which("journalctl") is None or not os.path.isdir(_RUNNING):
        return None  # as in a container: nobody keeps a journal here
    if os.path.isdir(_FOLDER):
        return Result("ok", f"the journal outlives a reboot ({_FOLDER})")
    return Result(
        "weaker",
        f"the journal is lost at a reboot: there is no {_FOLDER}",
        "That the machine went down is told from the boot id, but not why.",
        f"sudo mkdir -p {_FOLDER} && sudo systemctl restart systemd-journald",
    )


CHECK = Check("journal_kept", "journal", "kernel", _examine)
