"""Dies of SIGSEGV: native recursion beyond the stack."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(Path(__file__).parent)
