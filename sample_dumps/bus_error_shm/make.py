"""Dies of SIGBUS on a shared-memory file system of 24 MiB."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, shared=24 << 20)
