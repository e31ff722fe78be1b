"""Whether ``KERASCRASH=1`` arms a script with no edit: tried on a real interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

from kerascrash.cli.doctor._check import Check, Result

_ASK = "import sys; print('kerascrash.record.startup' in sys.modules)"


def _examine() -> Result | None:
    environment = {**os.environ, "KERASCRASH": "1"}
    environment.pop("PYTHONPATH", None)  # a training's own may differ
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.stdout.strip() == "True":
        return Result("ok", "KERASCRASH=1 arms a script without an edit")
    return Result(
        "weaker",
        "KERASCRASH=1 does not arm: the start-up file is not in site-packages",
        "`import kerascrash.arm` in the script and `kerascrash run` work all the same.",
        f"{sys.executable} -m pip install kerascrash",
    )


CHECK = Check("startup_file", "start-up file", "software", _examine)
