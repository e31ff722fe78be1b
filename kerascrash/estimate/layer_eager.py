"""
What a step that is run eagerly keeps beside what a graph keeps.

Grappler fuses ops and takes out what no gradient reads; the tape of eager TensorFlow
keeps what each op's gradient names, and no op may write over what Python still holds.
Source: the tensors alive at the peak of TensorFlow's own pool, by op, in steps of small
models of each of these layers; where nothing is named here, both were the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kerascrash.estimate.layer_kinds import Footprint
from kerascrash.estimate.layer_outputs import Shape, whole

_GATES = {"LSTM": 18, "GRU": 13, "SimpleRNN": 3}
"""
Tensors of a cell's size that one time step keeps besides: both products, their sum,
each gate before its activation.
"""
_NORMALIZATIONS = {"BatchNormalization": 2, "LayerNormalization": 3}
"""Of the output's size: the square of the difference, and the products."""


def eager_footprint(
    own: Footprint,
    kind: str,
    settings: Mapping[str, Any],
    parts: Sequence[Shape],
) -> Footprint:
    """Return the footprint of a layer in a step that is run eagerly."""
    made = own.output
    if kind in _GATES:
        steps = parts[0][0] if len(parts[0]) > 1 else 1
        unit = whole(settings.get("units")) or made
        return replace(own, kept=own.kept + _GATES[kind] * steps * unit)
    if kind in _NORMALIZATIONS:
        return replace(own, kept=own.kept + _NORMALIZATIONS[kind] * made)
    if kind == "Dropout" and settings.get("rate"):
        # What was scaled; its gradient makes two, one of zeros.
        return replace(own, kept=own.kept + made, scratch=own.scratch + 2 * made)
    if kind == "MultiHeadAttention":
        scores = _scores(settings, parts)
        more = 2 if settings.get("dropout") else 1
        return replace(own, kept=own.kept + more * scores, scratch=own.scratch + scores)
    kept = own.kept
    if kind == "Dense" and len(parts[0]) > 1:  # the product, before it is reshaped
        kept += made
    if settings.get("activation") == "gelu":
        kept += 2 * made
    return replace(own, kept=kept)


def _scores(settings: Mapping[str, Any], parts: Sequence[Shape]) -> int:
    if settings.get("flash"):
        return 0
    lengths = [part[0] if len(part) > 1 else 1 for part in (parts[0], parts[-1])]
    return (whole(settings.get("num_heads")) or 1) * lengths[0] * lengths[1]
