"""Ended by SIGTERM, as by a scheduler at the time limit."""

import signal
from pathlib import Path

from recording import Recording, send

RECORDING = Recording(
    Path(__file__).parent,
    script="../_scripts/healthy_training.py",
    act=send(signal.SIGTERM),
    slow=True,
)
