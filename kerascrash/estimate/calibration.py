"""
What runs of known models took beyond the arithmetic, by the way they were executed.

Fitted by ``benchmarks/forecast`` on the architectures of its ``TUNED_ON``; the spreads
are residuals with each architecture left out in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerascrash.estimate.model_arithmetic import LayerBytes

MIB = 1 << 20
Z90 = 1.645
SPREAD = 0.08
"""Part of what a run takes that differs from one run to the next: how threads meet."""


@dataclass(frozen=True, slots=True)
class Prior:
    """
    ``fixed``: tracing, threads, workspaces that do not grow with the batch, bytes.

    ``convolution`` is added where there are convolutions (oneDNN's packed copies and
    kernels), ``layer`` for every layer. ``slope``: bytes taken per byte that the
    arithmetic counts.
    """

    fixed: int
    convolution: int
    layer: int
    fixed_spread: int
    slope: float
    slope_spread: float

    def fixed_of(self, layers: Sequence[LayerBytes]) -> int:
        """Return what does not grow with the batch for a model of these layers."""
        convolved = any("Conv" in layer.type for layer in layers)
        return self.fixed + convolved * self.convolution + len(layers) * self.layer


PRIORS = {
    "graph": Prior(70 * MIB, 100 * MIB, 0, 40 * MIB, 1.9, 0.4),
    "eager": Prior(55 * MIB, 70 * MIB, 0, 40 * MIB, 2.5, 0.5),
    "xla": Prior(100 * MIB, 80 * MIB, 4 * MIB, 60 * MIB, 1.9, 0.5),
}
