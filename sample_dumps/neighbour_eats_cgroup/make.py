"""A neighbour in the same memory cgroup grows; the kernel's choice is the training."""

import subprocess
import sys
from pathlib import Path

from recording import Recording, Running

NEIGHBOUR = """
import time
kept = []
while True:
    kept.append(bytearray(8 << 20))
    time.sleep(0.05)
"""


def let_the_neighbour_grow(running: Running) -> None:
    running.wait_for("Epoch 4/")
    assert running.limit is not None
    # The kernel would choose the bigger one; the kubelet sets this for a pod that may
    # take what is left (lowering the neighbour's needs a right that containers lack).
    adjust = Path(f"/proc/{running.process.pid}/oom_score_adj")
    adjust.write_text("1000", encoding="ascii")
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
