"""
What runs of known models took beyond the arithmetic, by the way they were executed.

Set by hand after the rows that ``benchmarks/forecast`` prints for its ``TUNED_ON``;
what arenas keep of eager steps after those and five small models of other layers (0.5
to 1.6 times what is alive).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerascrash.estimate.model_arithmetic import LayerBytes

MIB = 1 << 20
Z90 = 1.645
SPREAD = 0.05
"""Part of what a run takes that differs from one run to the next, beside one drift."""


@dataclass(frozen=True, slots=True)
class Prior:
    """
    ``fixed``: tracing, threads, what does not grow with the batch, in bytes.

    ``layer`` is added for every layer. ``again``: bytes that arenas keep beside each
    byte alive in them. ``returns``: between steps nothing of the batch is kept, so that
    the level there is what does not grow with it. A step that XLA compiled takes what
    it needs in one block and gives it back.
    """

    fixed: int
    layer: int
    fixed_spread: int
    again: float
    again_spread: float
    returns: bool = False

    def fixed_of(self, layers: Sequence[LayerBytes]) -> int:
        """Return what does not grow with the batch for a model of these layers."""
        return self.fixed + self.layer * sum(not one.operation for one in layers)


PRIORS = {
    "graph": Prior(58 * MIB, 0, 12 * MIB, 3.5, 1.6),
    "eager": Prior(35 * MIB, 0, 12 * MIB, 4.6, 1.6),
    "xla": Prior(100 * MIB, 4 * MIB, 60 * MIB, 0.5, 0.5, returns=True),
}
