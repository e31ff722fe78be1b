"""
Keeps every buffer on a machine without limits, until its memory is used up.

It took a virtual machine of 384 MiB with it, made by
`python -m pytest tests/vm -m vm -k whole_machine`: never run it on a machine in use.
"""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent, own_machine=True, slow=True)
