"""Ends by an exception: a checkpoint finds no space on a disk of 24 MiB."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, shared=24 << 20)
