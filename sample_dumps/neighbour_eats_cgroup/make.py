"""A neighbour in the same memory cgroup grows; the kernel's choice is the training."""

import subprocess
import sys
from pathlib import Path

from recording import Recording, Running

# Like many a system service, the neighbour is exempt from the kernel's choice.
NEIGHBOUR = """
import time
open("/proc/self/oom_score_adj", "w").write("-1000")
kept = []
while True:
    kept.append(bytearray(8 << 20))
    time.sleep(0.05)
"""


def let_the_neighbour_grow(running: Running) -> None:
    running.wait_for("Epoch 4/")
    assert running.limit is not None
    neighbour = subprocess.Popen(
        running.limit.wrap([sys.executable, "-c", NEIGHBOUR]),
        preexec_fn=running.limit.prepare,
    )
    try:
        running.process.wait()
    finally:
        neighbour.kill()
        neighbour.wait()


RECORDING = Recording(
    Path(__file__).parent,
    script="../_scripts/healthy_training.py",
    limit=1536 << 20,
    act=let_the_neighbour_grow,
)
