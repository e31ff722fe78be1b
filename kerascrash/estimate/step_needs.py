"""
What a training step needs, line by line: for the ledgers of the host and of devices.

A process that died on the way never had all of it at once: what is in use is shared
out in proportion, and each line says what it would have been in full.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.batch_copies import batch_copies
from kerascrash.estimate.model_arithmetic import ModelBytes
from kerascrash.estimate.step_bytes import execution_mode, input_bytes
from kerascrash.model.case import Recording
from kerascrash.model.verdict import LedgerLine
from kerascrash.units import format_bytes


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a step needs, in bytes in full."""

    name: str
    bytes: int
    known_by: str
    detail: str


def step_needs(recording: Recording, own: ModelBytes) -> list[Need]:
    """Return what a step of the model needs beside its weights."""
    batch = f"batch of {own.batch_size:,}"
    under_way = batch_copies(recording, execution_mode(recording))
    copies = under_way * input_bytes(recording, own.batch_size)
    return [
        Need("optimizer slots", own.slots, own.slots_known_by, _slots_of(own)),
        Need("gradients", own.gradients, "computed", own.name),
        Need("half-precision copies", own.casts, "computed", "of the weights"),
        Need("activations", own.activations, "computed", batch),
        Need("largest workspace", own.workspace, "computed", batch),
        Need("input pipeline", copies, "computed", f"{under_way} batches under way"),
    ]


def _slots_of(own: ModelBytes) -> str:
    """Return the optimizer with what it keeps beside its usual slots."""
    return ", ".join([own.optimizer, *own.extra_slots])


def step_lines(recording: Recording, own: ModelBytes, grown: int) -> list[LedgerLine]:
    """Return what a step of the model needs, as far as ``grown`` bytes show it."""
    needs = step_needs(recording, own)
    wanted, there = sum(need.bytes for need in needs), max(grown, 0)
    share = min(there / wanted, 1.0) if wanted else 1.0
    return [_line(need, share) for need in needs]


def _line(need: Need, share: float) -> LedgerLine:
    full = f"{need.detail}, {format_bytes(need.bytes)} in full"
    detail = full if share < 1 else need.detail
    # What is not all there was shared out, whatever the size in full is known by.
    known_by = need.known_by if share >= 1 else "inferred"
    return LedgerLine(need.name, int(need.bytes * share), known_by, detail)
