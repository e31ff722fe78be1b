"""Trains on and on, and tells the console the time: for a power cut."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

WORK = Path("/srv/training")
SCRIPT = '''"""Works on and on."""

import kerascrash.arm  # noqa: F401
import time

while True:
    time.sleep(0.01)
'''
SECONDS = 12

WORK.mkdir(parents=True)
os.chdir(WORK)
Path("train.py").write_text(SCRIPT)
subprocess.Popen([sys.executable, "train.py"], stderr=subprocess.DEVNULL)
end = time.time() + SECONDS
while True:
    stamp = time.time()
    print(f"ALIVE {stamp:.3f}", flush=True)
    if stamp > end:
        print("CUTNOW", flush=True)
        end = float("inf")
    time.sleep(0.05)
