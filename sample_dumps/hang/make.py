"""Stands still in a deadlock until somebody loses patience and ends it."""

import signal
import time
from pathlib import Path

from recording import Recording, Running

PATIENCE_SECONDS = 75


def wait_and_end(running: Running) -> None:
    running.wait_for("Epoch 1/")  # which may be the last
    said = -1
    while said != (said := running.out.stat().st_size):
        time.sleep(15)
    time.sleep(PATIENCE_SECONDS)
    running.process.send_signal(signal.SIGTERM)


RECORDING = Recording(Path(__file__).parent, act=wait_and_end, seconds=240, slow=True)
