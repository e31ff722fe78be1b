"""What the sampler does when it has spent more than its share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

IN_DEBT = """
import time
import kerascrash.arm
from kerascrash.dump.records import Stage
from kerascrash.record.arming import current_recorder
recorder = current_recorder()
time.sleep(0.6)
recorder.sampler.budget.spend(10**12)  # as after a scan on a busy machine
entry = recorder.begin_stage(Stage.IMPORT, None, lingering=True)
recorder.ends.append((entry, lambda: True))
time.sleep(1.5)
print(recorder.stage.name)
"""


def test_the_end_of_a_stage_is_noticed_in_debt_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_DEBT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "KERASCRASH_DIR": str(tmp_path), "PATH": ""},
    )
    assert done.stdout.strip() == "NONE", done.stderr
