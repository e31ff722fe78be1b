"""One line to the user, where their own messages go."""

from __future__ import annotations

import sys

from kerascrash.record.cells import at_next_cell


def say(text: str) -> None:
    """
    Print ``kerascrash: <text>`` on stderr; a closed or broken stderr is no error.

    A notebook shows it in the output of the cell that runs or ran last. While there was
    none, the text waits for the first.
    """
    try:
        stream = sys.stderr
        if stream is None:
            return
        if getattr(stream, "parent_header", None) == {} and at_next_cell(_say, text):
            return
        _say(text)
    except Exception:  # whatever the user put there, it must not stop them
        return


def _say(text: str) -> None:
    sys.stderr.write(f"kerascrash: {text}\n")
    sys.stderr.flush()
