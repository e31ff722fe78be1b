"""
errno 28 or 122 while writing a checkpoint, a cache or a log.

TensorFlow may call it ResourceExhausted; the message then names a temporary file and
no shape.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="disk_full",
    title="The disk or the quota is full",
    meaning="Something could not be written: no space or no quota was left.",
    prior=-3.8,
    supports={
        "disk_full": 9.0,
        "write_failed": 2.5,
        "exit_sigxfsz": 6.5,
        "disk_nearly_full": 4.0,
        "raised_no_space": 8.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "shm_too_small": 5.0,
        "gpu_oom": 2.0,
    },
    remedies=(
        "Make room, or write checkpoints elsewhere; keep fewer of them.",
        "`df -h` and `df -i`: inodes run out too.",
    ),
    near_misses=(
        "/dev/shm full: `No space left on device` without any disk.",
        "ResourceExhausted because of GPU memory.",
    ),
    settle="df -h . /tmp; df -i .; quota -s",
)
