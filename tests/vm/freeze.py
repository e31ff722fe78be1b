"""Renew the frozen dumps of the samples that die in the virtual machine."""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_dumps"
sys.path[:0] = [str(HERE), str(SAMPLES)]

from machine import GUEST, Machine  # noqa: E402
from recording import find_makes, pack  # noqa: E402

if __name__ == "__main__":
    machine = Machine(Path(os.environ["KERASCRASH_VM"]).resolve())
    for make in find_makes():
        recording = runpy.run_path(str(make))["RECORDING"]
        if recording.machine is None:
            continue
        script = f"{GUEST}/sample_dumps/{recording.folder.name}/{recording.script}"
        how = {"memory": recording.machine, "seconds": recording.seconds}
        out = machine.run("die.py", script, **how)
        (dump,) = (out / "dumps").glob("*.bin")
        pack(recording, dump, json.loads((out / "seen.json").read_text())["status"])
    machine.clean_up()
