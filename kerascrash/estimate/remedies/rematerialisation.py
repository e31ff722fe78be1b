"""
Rematerialisation: what layers keep is computed again in the backward pass.

Measured with Keras 3.15: in a compiled step of TensorFlow only ``activations`` works,
the other modes of ``keras.RematScope`` raise there; on JAX all of them work.
"""

from __future__ import annotations

from kerascrash.estimate.model_arithmetic import LayerBytes
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_FIRST_KERAS = (3, 9)
"""``keras.RematScope`` came with it."""
_LITTLE = 20


def _judge(measure: Measure, seen: Situation) -> Remedy:
    own = seen.own
    if own is None or not own.activations:
        return measure.unknown("the shapes of the model's layers are not known.")
    version = _version(seen)
    if version is not None and version < _FIRST_KERAS:
        return measure.no("`keras.RematScope` needs Keras 3.9 or later.")
    mode, part = ("full", _inside) if seen.backend == "jax" else (
        "activations", _of_activations)  # fmt: skip
    again = sum(part(layer) for layer in own.layers)
    kept = format_bytes(own.activations)
    if again < own.activations // _LITTLE:
        return measure.no(
            f"the {kept} kept are outputs that the next layer needs as its input; "
            "only a block of layers computed again as a whole would save more."
        )
    detail = (
        f"{format_bytes(again)} of the {kept} kept can be computed again in the "
        "backward pass; a step takes longer, its result stays the same."
    )
    return measure.yes(again, detail, example=f"with keras.RematScope(mode='{mode}'):")


def _inside(layer: LayerBytes) -> int:
    """Return what a layer keeps beside its output, the input of the next one."""
    return max(layer.kept - layer.output_bytes, 0)


def _of_activations(layer: LayerBytes) -> int:
    """Return what an activation function keeps beside what it is given and makes."""
    return max(layer.kept - 3 * layer.output_bytes, 0) if layer.activated else 0


def _version(seen: Situation) -> tuple[int, ...] | None:
    packages = seen.recording.environment.get("packages") or {}
    told = str(packages.get("keras") or "").split(".")[:2]
    known = len(told) == 2 and all(map(str.isdigit, told))
    return tuple(map(int, told)) if known else None


MEASURE = Measure("rematerialisation", "rematerialisation", "step", 0, _judge)
