"""Where it ran, told from the logs when nobody said it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerascrash.model.case import Log

# First match wins: the narrowest place first. Words that only that place writes.
_SIGNS = {
    "colab": r"google\.colab|/dist-packages/(?:google/)?colab|colab-fileshim",
    "kaggle": r"/kaggle/(?:working|input)|kaggle\.com",
    "k8s": r"\bkubelet\b|/kubepods|\bOOMKilled\b|CrashLoopBackOff|\bkubectl\b",
    "slurm": r"\bslurm(?:stepd|d|ctld)?\b|\bsrun: |SLURM_JOB",
    "sge": r"\bqacct\b|\bh_(?:vmem|rss|data)\b|\bassumedly after job\b",
    "docker": r"/docker/[0-9a-f]{12}|\bdocker(?:d|-containerd)?\b|/\.dockerenv|libpod-",
    "windows": r"[A-Z]:\\\\?[\w ]+\\|\bWinError\b|\.dll\b|0xC0000\w{3}\b|-10737\d{5}\b",
    "macos": r"\.dylib\b|\bEXC_[A-Z_]+\b|/Users/\w+|/opt/homebrew|\bDarwin\b",
}
_COMPILED = {name: re.compile(pattern) for name, pattern in _SIGNS.items()}


def guess_platform(logs: Sequence[Log]) -> str:
    """Return the platform that the logs speak of, ``linux`` if they do not tell."""
    text = "\n".join(line.text[:400] for log in logs for line in log.lines[-3000:])
    return next((n for n, sign in _COMPILED.items() if sign.search(text)), "linux")
