"""
errno 24: the limit of open descriptors was reached, by files never closed or by
tensors passed between workers.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="fd_limit",
    title="Too many open files",
    meaning=(
        "Every open file, socket and shared tensor takes a descriptor; they "
        "were used up."
    ),
    prior=-4.0,
    supports={
        "fd_limit": 9.5,
        "fd_count_near_limit": 4.0,
        "raised_too_many_files": 8.5,
    },
    contradicts={
        "exit_zero": 4.0,
    },
    remedies=(
        "Close what is opened (`with open(...)`), or raise `ulimit -n`.",
        ('PyTorch: `torch.multiprocessing.set_sharing_strategy("file_system")`.'),
    ),
    near_misses=("ENOSPC from inotify: `fs.inotify.max_user_watches`.",),
    settle="ulimit -n; ls /proc/PID/fd | wc -l",
)
