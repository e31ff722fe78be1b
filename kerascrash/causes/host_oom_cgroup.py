"""
The kernel's OOM killer acted for one cgroup (`constraint=CONSTRAINT_MEMCG`).

Proof is the kernel line, or the cgroup's own `oom`/`max` counters; the container
engine's `OOMKilled: true` says the same.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="host_oom_cgroup",
    title=("Killed by the kernel: the container or job reached its memory limit"),
    meaning=(
        "A limit on the memory of the container, service or job was reached; "
        "the machine itself may have had plenty left."
    ),
    prior=-4.0,
    supports={
        "kernel_oom_cgroup": 9.0,
        "container_oom_killed": 8.5,
        "cgroup_limit_hit": 6.0,
        "kernel_oom_unclear": 4.5,
        "oom_kill_told": 6.0,
        "unit_memory_limited": 4.0,
        "ram_used_up": 6.0,
        "exit_sigkill": 3.6,
        "worker_killed": 3.6,
        "platform_container": 1.6,
        "pod_oom_killed": 4.0,
        "scheduler_oom_kill": 3.5,
        "large_host_allocation": 0.8,
        "cgroup_near_limit": 4.0,
        "cgroup_oom_counter_rose": 6.0,
        "ancestor_oom_counter_rose": 6.0,
        "cgroup_limit_in_reach": 5.0,
        "memory_rose_steeply": 1.5,
        "record_stops_silently": 1.0,
    },
    contradicts={
        "kernel_oom_global": 5.0,
        "container_not_oom_killed": 3.0,
        "kernel_log_without_oom": 3.0,
        "exit_zero": 5.0,
        "exit_sigsegv": 3.0,
        "exit_sigabrt": 2.5,
        "exit_sigterm": 2.5,
        "worker_left": 4.0,
        "left_by_itself": 1.0,
        "exit_sigint": 3.0,
        "no_oom_counter_change": 5.0,
        "cgroup_room_left": 3.0,
        "cgroup_unlimited": 2.5,
        "oom_kill_without_limit": 4.0,
        "exception_recorded": 2.5,
        "dump_finished": 5.0,
        "left_by_os_exit": 3.0,
        "platform_k8s": 1.0,
        "platform_macos": 4.0,
        "platform_windows": 4.0,
        "oom_kill_of_another": 5.0,
    },
    remedies=(
        (
            "Raise the limit (`docker run -m`, `resources.limits.memory`, "
            "`MemoryMax=`), if the machine has more."
        ),
        (
            "Use less memory at once: a smaller batch, data streamed from disk, "
            "fewer workers."
        ),
    ),
    near_misses=(
        (
            "A global OOM kills a process inside a container too: the line then "
            "says `CONSTRAINT_NONE`."
        ),
        ("The container was removed or stopped with SIGKILL after its grace period."),
    ),
    settle=(
        'docker inspect -f "{{.State.OOMKilled}}" CONTAINER; cat '
        "/sys/fs/cgroup/memory.events"
    ),
)
