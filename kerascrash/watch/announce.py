"""The three-line verdict: asked of the analyzer, printed where the user looks."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LONGEST_S = 20.0
_LARGEST = 16 << 10
_RUN = (
    "import sys; sys.path[:] = [p for p in sys.path if p];"
    "from kerascrash.cli import main; sys.argv[0] = 'kerascrash'; main()"
)
"""Not ``-m``: that would import from the user's folder first."""


def ask_verdict(dump: str, cwd: str, environ: Mapping[str, str]) -> str:
    """Return the verdict's lines, or one line of our own if the analyzer fails."""
    import subprocess

    command = [sys.executable, "-c", _RUN, "verdict", dump]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LONGEST_S,
            check=False,
            cwd=cwd if os.path.isdir(cwd) else "/",
            env=_environment(environ),
        )
        text = done.stdout[:_LARGEST].decode("utf-8", "replace").strip("\n")
    except (OSError, subprocess.SubprocessError):
        text = ""
    return text or f"kerascrash: the script died.\n  kerascrash report {dump}"


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment, in which this very package is importable."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    clean = {k: v for k, v in environ.items() if not k.startswith("KERASCRASH")}
    if os.path.basename(package) not in ("site-packages", "dist-packages"):
        # A checkout. An installed package is found anyway, and its folder must not
        # come before the standard library.
        paths = [package, *filter(None, [clean.get("PYTHONPATH")])]
        clean["PYTHONPATH"] = os.pathsep.join(paths)
    return clean


def print_to_terminal(text: str, stderr: dict[str, Any]) -> bool:
    """
    Print below what the shell has written, if fd 2 was a terminal that still is one.

    The terminal is neither taken over (``O_NOCTTY``) nor waited for: one whose output
    is stopped gets nothing.
    """
    path = stderr.get("path")
    if stderr.get("kind") != "tty" or not isinstance(path, str):
        return False
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not os.isatty(fd):
            return False
        os.write(fd, b"\n" + text.encode("utf-8", "replace") + b"\n")
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
