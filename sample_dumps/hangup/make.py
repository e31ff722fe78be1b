"""Ended by SIGHUP, as by a closed terminal."""

import signal
from pathlib import Path

from recording import Recording, send

RECORDING = Recording(
    Path(__file__).parent,
    script="../_scripts/healthy_training.py",
    act=send(signal.SIGHUP),
    slow=True,
)
