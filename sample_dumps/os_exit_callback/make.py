"""Dies by itself."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, slow=True)
