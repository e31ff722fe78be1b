"""A mixed policy: outputs in two bytes, weights still in four with a copy in two."""

from __future__ import annotations

from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_ON_CPU = (
    "on a CPU operations convert to float32 and back inside: a convolution was seen to "
    "save an eighth where halved outputs would be half."
)
"""Measured: TensorFlow 2.21, batch of 256 at 64 × 64 × 32, without AMX or AVX-512."""


def _judge(measure: Measure, seen: Situation) -> Remedy:
    own = seen.own
    if own is None or not own.activations:
        return measure.unknown("the shapes of the model's layers are not known.")
    if "16" in str(seen.model.get("dtype_policy")):
        return measure.no("the model computes in half precision already.")
    if not seen.on_device:
        return measure.unknown(_ON_CPU)
    copies = own.weights // 2
    halved = (own.activations + own.workspace) // 2
    if copies >= halved:
        return measure.no(
            f"copies of the weights in half precision take {format_bytes(copies)}, the "
            f"outputs save {format_bytes(halved)}; the masters stay in float32."
        )
    detail = (
        "It halves the outputs kept for the backward pass; copies of the weights take "
        f"{format_bytes(copies)} more. float16 needs loss scaling, which Keras adds."
    )
    line = "keras.mixed_precision.set_global_policy('mixed_bfloat16')"
    return measure.yes(halved - copies, detail, example=line)


MEASURE = Measure(
    "half_precision", "a mixed_bfloat16 or mixed_float16 policy", "step", 1, _judge
)
