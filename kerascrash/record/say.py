"""One line to the user, where their own messages go."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print ``kerascrash: <text>`` on stderr; a closed or broken stderr is no error."""
    try:
        stream = sys.stderr
        if stream is not None:
            stream.write(f"kerascrash: {text}\n")
            stream.flush()
    except Exception:  # whatever the user put there, it must not stop them
        return
