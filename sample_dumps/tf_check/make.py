"""Dies of SIGABRT: a check of TensorFlow's own fails."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent)
