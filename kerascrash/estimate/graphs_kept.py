"""
Tensors that keep the computation that made them, in a container that grows.

In PyTorch each result of a differentiable computation keeps its inputs and intermediate
results until ``backward`` has run over it: a list of losses of a validation without
``torch.no_grad()`` holds the activations of every batch. No name holds those bytes.
"""

from __future__ import annotations

from kerascrash.estimate.holdings import holdings_of
from kerascrash.estimate.kept import Kept, is_growing
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unheld import unheld_bytes
from kerascrash.model.case import Case

_MANY = 8
_NOTE = "each keeps the computation that made it, with all intermediate results"


def graphs_kept(case: Case) -> Kept | None:
    """Return the container with most of such tensors, with what no name holds."""
    found = [
        one
        for one in holdings_of(recording_of(case))
        if one.keeps_graph and one.count >= _MANY and is_growing(one)
    ]
    if not found:
        return None
    most = max(found, key=lambda one: one.count)
    return Kept(most, most.bytes + unheld_bytes(case), _NOTE)
