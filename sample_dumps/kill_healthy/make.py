"""Ended by kill -9 with plenty of memory left."""

import signal
from pathlib import Path

from recording import Recording, send

RECORDING = Recording(
    Path(__file__).parent,
    script="../_scripts/healthy_training.py",
    act=send(signal.SIGKILL),
    slow=True,
)
