"""Ends by an exception: too many open files, 256 being allowed."""

import resource
from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, rlimits={resource.RLIMIT_NOFILE: 256})
