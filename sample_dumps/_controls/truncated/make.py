"""A leak's dump of which a broken upload has left the first part."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(
    Path(__file__).parent,
    script="../../list_leak_cgroup/train.py",
    limit=1536 << 20,
    keep=0.4,
)
