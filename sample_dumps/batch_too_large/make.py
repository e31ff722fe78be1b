"""Dies of its memory cgroup's limit of 1.5 GiB."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, limit=1536 << 20, slow=True)
