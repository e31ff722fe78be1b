"""
Dies of the whole machine's memory: in a virtual one, without swap or any limit.

`KERASCRASH_VM=FOLDER python tests/vm/freeze.py` renews its dump.
"""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, machine=2048, seconds=900)
