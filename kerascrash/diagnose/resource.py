"""
Whether memory was what ran out: the bridge from the causes to the factors.

Factors explain why memory ran out, so they are weighed only after the causes, with two
findings of the engine's own beside those of the detectors.
"""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.model.evidence import Finding
from kerascrash.model.verdict import Hypothesis

MEMORY_CAUSES = frozenset({
    "host_oom_global", "host_oom_cgroup", "oom_daemon", "scheduler_oom",
    "gpu_oom", "alloc_failure",
})  # fmt: skip
ENGINE_FINDINGS = ("memory_was_short", "memory_was_not_short")
"""Findings that only the engine makes; factors may name them like any other."""


def memory_findings(causes: Iterable[Hypothesis]) -> tuple[Finding, ...]:
    """Return how sure it is that memory ran out, as two opposite findings."""
    short = min(sum(c.confidence for c in causes if c.id in MEMORY_CAUSES), 1.0)
    room = 1.0 - short
    text = f"memory ran out (confidence {short:.0%})"
    return (
        Finding("memory_was_short", text, short),
        Finding(
            "memory_was_not_short",
            f"memory was not short (confidence {room:.0%})",
            room,
        ),
    )
