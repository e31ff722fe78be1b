"""
What runs of known models took beyond the arithmetic, by the way they were executed.

Fitted by ``benchmarks/forecast`` on the architectures of its ``TUNED_ON``; the spreads
are residuals with each architecture left out in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
Z90 = 1.645
SPREAD = 0.06
"""Part of what a run takes that differs from one run to the next: how threads meet."""


@dataclass(frozen=True, slots=True)
class Prior:
    """
    ``fixed``: tracing, threads, workspaces that do not grow with the batch, bytes.

    ``slope``: bytes taken per byte that the arithmetic counts.
    """

    fixed: float
    fixed_spread: float
    slope: float
    slope_spread: float


PRIORS = {
    "graph": Prior(110 * MIB, 50 * MIB, 1.6, 0.6),
    "eager": Prior(90 * MIB, 50 * MIB, 1.6, 0.6),
    "xla": Prior(160 * MIB, 60 * MIB, 1.6, 0.6),
}
