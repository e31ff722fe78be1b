"""After the machine went down and came up: report where it happened, and hand out."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

out = Path(sys.argv[1])
WORK = Path("/srv/training")
os.chdir(WORK)
for path in (WORK / "kerascrash-dumps").glob("*.bin*"):
    shutil.copy(path, out / path.name)
report = [sys.executable, "-m", "kerascrash", "report", "--format", "json"]
subprocess.run([*report, "-o", str(out / "report.json")], check=True)
again = subprocess.Popen([sys.executable, "train.py"], stderr=subprocess.PIPE)
assert again.stderr is not None
said = select.select([again.stderr], [], [], 200)[0]
(out / "again.txt").write_bytes(again.stderr.readline() if said else b"")
again.kill()
