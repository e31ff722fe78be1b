"""
Slurm, Kubernetes, LSF, PBS, YARN or Ray ended the job at its memory limit.

The scheduler's own words are the proof; the kernel's cgroup kill may stand behind it.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="scheduler_oom",
    title="Killed by the scheduler: the job exceeded the memory it asked for",
    meaning=(
        "The batch system or orchestrator enforces the memory that the job was given."
    ),
    prior=-4.0,
    supports={
        "scheduler_oom_kill": 9.0,
        "pod_oom_killed": 8.5,
        "pod_evicted_memory": 9.0,
        "platform_scheduler": 2.6,
        "exit_sigkill": 1.8,
        "kernel_oom_cgroup": 2.0,
        "platform_k8s": 2.6,
    },
    contradicts={
        "exit_zero": 4.0,
        "exit_sigsegv": 3.0,
        "time_limit": 3.0,
        "kernel_oom_global": 2.0,
        "container_not_oom_killed": 2.0,
    },
    remedies=(
        (
            "Ask for more memory (`--mem`, `resources.limits.memory`, `-M`), after "
            "measuring the peak."
        ),
        ("Use less memory at once: a smaller batch, fewer workers, streamed data."),
    ),
    near_misses=(
        "The time limit ended the job: `DUE TO TIME LIMIT`.",
        ("The scheduler's peak figure is a sample: it may show less than the limit."),
    ),
    settle=(
        "sacct -j JOB --format=JobID,State,ExitCode,MaxRSS,ReqMem  "
        "(Kubernetes: kubectl describe pod POD)"
    ),
)
