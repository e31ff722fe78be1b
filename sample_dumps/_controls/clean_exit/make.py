"""Ends well; kept on request."""

from pathlib import Path

from recording import Recording

RECORDING = Recording(
    Path(__file__).parent, environment={"KERASCRASH_KEEP": "always"}, slow=True
)
