"""Factor ``none``: no factor: memory was not short."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="none",
    title="no factor: memory was not short",
    meaning="Nothing ran out, or nothing shows why it did.",
    prior=0.5,
    supports={
        "memory_was_not_short": 5.0,
    },
    contradicts={
        "memory_was_short": 1.0,
    },
)
