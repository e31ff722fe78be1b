"""
SIGBUS: a page of a mapping could not be backed.

With data-loading workers it is nearly always a /dev/shm that is too small (64 MB in a
plain container); else a full tmpfs or a file truncated under its mapping.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="bus_error_shm",
    title="Bus error: shared memory (/dev/shm) or a mapped file ran out",
    meaning="The process touched mapped memory for which no room was left.",
    prior=-4.2,
    supports={
        "shm_too_small": 9.0,
        "exit_sigbus": 6.0,
        "exit_nt_in_page_error": 5.0,
        "core_bus_error": 3.0,
        "shm_full": 4.0,
        "shared_memory_filling": 6.0,
        "platform_container": 0.3,
        "shm_small": 1.0,
    },
    contradicts={
        "core_memory_error": 6.0,
        "core_signal_sent": 6.0,
        "exit_zero": 4.0,
        "gpu_oom": 1.0,
        "macos_bus_error": 6.0,
    },
    remedies=(
        (
            "Give the container more shared memory: `docker run --shm-size=8g` or "
            "`--ipc=host`; an emptyDir of medium Memory in Kubernetes."
        ),
        "Use fewer workers or smaller batches in them.",
    ),
    near_misses=(
        "A full disk under a memory-mapped dataset.",
        "On macOS a bus error is often an ordinary invalid access.",
    ),
    settle=('df -h /dev/shm; docker inspect -f "{{.HostConfig.ShmSize}}" CONTAINER'),
)
