"""Ends by an exception: no further thread, in a pids cgroup of 300 tasks."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, tasks=300)
