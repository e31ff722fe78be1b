"""The layers of a recorded model, each with its output and footprint for one sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from kerascrash.estimate.layer_eager import eager_footprint
from kerascrash.estimate.layer_kinds import Footprint, footprint, rematerialised
from kerascrash.estimate.layer_leaves import Leaf, leaves_of
from kerascrash.estimate.layer_outputs import Shape, computed_output, whole
from kerascrash.estimate.layer_shapes import (
    Basis,
    input_parts,
    is_keras_own,
    per_sample,
)
from kerascrash.estimate.layer_weights import weights_to_come
from kerascrash.estimate.operations import operation_footprint, operation_output

_MOST_LAYERS = 5000


@dataclass(frozen=True, slots=True)
class LayerPart:
    """
    One layer of one sample: ``made`` is its output, ``own`` its footprint.

    ``counts``: its weights are its own, not those of the layers inside it, which are
    listed too. ``to_come``: the weights that it will have once it is built.
    """

    name: str
    row: Mapping[str, Any]
    made: Shape
    own: Footprint
    counts: bool = True
    to_come: int = 0

    @property
    def learns(self) -> bool:
        """Tell whether it has, or may have, weights that get gradients."""
        row = self.row
        return row.get("trainable") is not False and (
            row.get("parameters") != 0 or self.to_come > 0
        )

    @property
    def parameters(self) -> int:
        """Its own weights: those it has, else those ``to_come`` once it is built."""
        if not self.counts:
            return 0
        return whole(self.row.get("parameters")) or self.to_come


def layer_parts(
    rows: object, basis: Basis, *, built: bool = True, eager: bool = False
) -> Iterator[LayerPart]:
    """
    Yield the layers that compute, in the order of the model.

    One that is not ``built`` is taken for a chain that begins with what the data are;
    ``eager``: its steps are run op by op.
    """
    leaves = [*islice(leaves_of(rows, basis), _MOST_LAYERS), None]
    before = None if built else basis.given
    for leaf, after in pairwise(leaves):
        if leaf is None:
            return
        given = input_parts(leaf.row, basis, before)
        made = _made(leaf, basis, given, before, after)
        own = _footprint(leaf, given, made)
        if leaf.row.get("operation"):
            own = operation_footprint(leaf.row, given, made, eager=eager)
        elif eager:
            own = eager_footprint(own, leaf.kind, leaf.settings, given)
        own = own.times(leaf.steps * leaf.calls)
        before = (leaf.steps, *made) if leaf.steps > 1 else made
        to_come = 0 if built else weights_to_come(leaf.kind, leaf.settings, given[0])
        yield LayerPart(leaf.name, leaf.row, before, own, not leaf.gathers, to_come)


def _made(
    leaf: Leaf,
    basis: Basis,
    given: tuple[Shape, ...],
    before: Shape | None,
    after: Leaf | None,
) -> Shape:
    """
    Return the output for one sample: recorded, else computed.

    A layer that is not Keras' own and tells nothing makes what the layer ``after`` it
    was built with; where that is not known either, what it was given.
    """
    told = per_sample(leaf.row.get("output_shape"), basis)
    if told is not None:
        return told
    if leaf.gathers and before:
        joined = leaf.kind == "Bidirectional" and leaf.settings.get("merge_mode")
        return (*before[:-1], 2 * before[-1]) if joined == "concat" else before
    if not is_keras_own(leaf.row) and not leaf.settings and after is not None:
        read = input_parts(after.row, basis, None)
        if after.row.get("input_shape") and len(read) == 1:
            return read[0]
    if leaf.row.get("operation"):
        return operation_output(leaf.kind, given)
    return computed_output(leaf.kind, leaf.settings, given)


def _footprint(leaf: Leaf, given: tuple[Shape, ...], made: Shape) -> Footprint:
    # Both directions, or all time steps, are put together by copying them.
    kind = "Concatenate" if leaf.gathers and is_keras_own(leaf.row) else leaf.kind
    own = footprint(kind, leaf.settings, given, made)
    remat = leaf.row.get("remat")
    if not isinstance(remat, list) or not remat:
        return own
    # The threshold is a size for all of the batch: a bound on one sample's.
    threshold = whole(remat[1]) if len(remat) > 1 else 0
    if remat[0] == "larger_than" and own.output <= threshold:
        return own
    return rematerialised(own, str(remat[0]))
