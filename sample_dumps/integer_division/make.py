"""Dies by itself."""

from pathlib import Path

from recording import Recording, freeze

RECORDING = Recording(Path(__file__).parent)
