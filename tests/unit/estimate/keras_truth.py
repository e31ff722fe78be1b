"""
Ask Keras itself: every layer and optimizer it ships, recorded, sized and compared.

Prints JSON: {"layers": [{name, shape, recorded, computed, parameters, counted}],
"failed": {name: why}, "kept": [[name, TensorFlow's bytes, ours]],
"slots": [[name, Keras' bytes, ours]]}. Run by test_every_layer in its own process.
"""

from __future__ import annotations

import inspect
import json
import math
import os
from collections.abc import Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers as L  # noqa: N812
from keras import ops

from kerascrash.estimate.layer_shapes import Basis
from kerascrash.estimate.model_arithmetic import model_bytes
from kerascrash.record.model_facts import describe_model

BATCH = 8
BASIS = Basis(BATCH, 1)
SEQUENCE, IMAGE = (6, 4), (10, 10, 3)
BY_RANK = {"1D": (12, 4), "2D": (10, 10, 4), "3D": (6, 6, 6, 4)}
MERGES = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
          "Concatenate", "Dot", "Attention", "AdditiveAttention"}  # fmt: skip
ATTENTION = {"MultiHeadAttention", "GroupedQueryAttention"}
ARGUMENTS = {
    "Activation": {"activation": "relu"},
    "Bidirectional": {"layer": L.LSTM(5, return_sequences=True)},
    "CategoryEncoding": {"num_tokens": 5},
    "CenterCrop": {"height": 6, "width": 7},
    "Dense": {"units": 7},
    "Discretization": {"bin_boundaries": [0.0, 0.5]},
    "Dot": {"axes": 2},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": (6, 7),
                    "bias_axes": "d"},
    "Embedding": {"input_dim": 50, "output_dim": 6},
    "GRU": {"units": 5, "return_sequences": True},
    "GroupNormalization": {"groups": 2},
    "GroupedQueryAttention": {"head_dim": 3, "num_query_heads": 4,
                              "num_key_value_heads": 2},
    "Hashing": {"num_bins": 5},
    "Lambda": {"function": lambda x: x * 2},
    "LSTM": {"units": 5},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "Permute": {"dims": (2, 1)},
    "RandomCrop": {"height": 6, "width": 7},
    "RandomZoom": {"height_factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RepeatVector": {"n": 3},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (-1, 2)},
    "Resizing": {"height": 6, "width": 7},
    "ReversibleEmbedding": {"input_dim": 50, "output_dim": 6},
    "RNN": {"cell": [L.LSTMCell(3), L.LSTMCell(5)]},
    "SimpleRNN": {"units": 5, "unroll": True},
    "SpectralNormalization": {"layer": L.Dense(7)},
    "TimeDistributed": {"layer": L.Dense(7, activation="relu")},
    "Cropping1D": {"cropping": (1, 2)},
    "ZeroPadding2D": {"padding": ((1, 2), (0, 1))},
    "Conv1DTranspose": {"filters": 5, "kernel_size": 3, "strides": 2},
    "Conv2DTranspose": {"filters": 5, "kernel_size": 3, "padding": "same",
                        "strides": 2},
    "DepthwiseConv2D": {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"},
    "Conv2D": {"filters": 5, "kernel_size": (3, 2), "dilation_rate": 2},
}  # fmt: skip
BY_PREFIX = (
    ("Adaptive", {"output_size": 3}), ("AveragePooling", {"pool_size": 2}),
    ("SpatialDropout", {"rate": 0.3}), ("GaussianNoise", {"stddev": 0.3}),
    ("GaussianDropout", {"rate": 0.3}), ("AlphaDropout", {"rate": 0.3}),
    ("Dropout", {"rate": 0.3}), ("Depthwise", {"kernel_size": 3}),
    ("Conv", {"filters": 5, "kernel_size": 3}),
    ("Separable", {"filters": 5, "kernel_size": 3}),
)  # fmt: skip


def arguments(kind: type) -> dict:
    name = kind.__name__
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    found = next((given for head, given in BY_PREFIX if name.startswith(head)), {})
    needed = inspect.signature(kind.__init__).parameters
    if not found and "factor" in needed:
        return {"factor": 4 if "Posterization" in name else 0.2}
    return found


def shape_for(kind: type) -> tuple[int, ...]:
    name = kind.__name__
    if name.startswith("ConvLSTM"):
        return (4, *BY_RANK[name[8:]][:-1], 3)
    if "Embedding" in name:
        return (6,)
    if name == "RepeatVector":
        return (4,)
    if "image_preprocessing" in kind.__module__:
        return IMAGE
    return next((s for rank, s in BY_RANK.items() if rank in name), SEQUENCE)


def build(kind: type, *, with_products: bool = False) -> keras.Model:
    """Make a model of this layer alone, or between two products that read it."""
    name, layer = kind.__name__, kind(**arguments(kind))
    dtype = "int32" if "Embedding" in name else None
    count = 2 if name in MERGES | ATTENTION else 1
    inputs = [keras.Input(shape_for(kind), dtype=dtype) for _ in range(count)]
    fed = [L.Dense(i.shape[-1])(i) if with_products and not dtype else i
           for i in inputs]  # fmt: skip
    made = layer(*fed) if name in ATTENTION else layer(fed if count > 1 else fed[0])
    return keras.Model(inputs, L.Dense(2)(made) if with_products else made)


def sized(raw: dict) -> list:
    found = model_bytes(raw, BATCH, BASIS)
    return [one for one in found.layers if one.type != "InputLayer"]


def compare(kind: type) -> dict:
    """Return Keras' own output shape and parameters beside ours."""
    model = build(kind)
    raw = describe_model(model, None)
    recorded = sized(raw)
    for row in raw["layers"]:
        forget(row)
    return {
        "name": kind.__name__,
        "shape": list(model.output_shape[1:]),
        "recorded": list(recorded[-1].output_shape),
        "computed": list(sized(raw)[-1].output_shape),
        "parameters": model.count_params(),
        "counted": model_bytes(raw, BATCH, BASIS).parameters,
        "to_come": unbuilt(raw, shape_for(kind)),
    }


def unbuilt(raw: dict, given: tuple[int, ...]) -> int:
    """Return our count of weights for a model as it is before its first step."""
    rows = [row for row in raw["layers"] if row["class"] != "InputLayer"]
    for row in rows:
        unmake(row)
    before = {**raw, "built": False, "parameters": 0, "trainable_parameters": 0,
              "weights_bytes": 0, "layers": rows, "config": None}  # fmt: skip
    return model_bytes(before, BATCH, Basis(BATCH, 1, given)).parameters


def unmake(row: dict) -> None:
    row |= {"output_shape": None, "input_shape": None, "parameters": 0,
            "weights_bytes": 0}  # fmt: skip
    for inside in row.get("layers", ()):
        unmake(inside)


def forget(row: dict) -> None:
    """Take out the outputs: layers of subclassed models tell none."""
    if row["class"] != "InputLayer":
        row["output_shape"] = None
    for inside in row.get("layers", ()):
        forget(inside)


def kept_by_tensorflow(model: keras.Model) -> int:
    """Return the bytes that TensorFlow itself carries from forward to backward."""
    specs = [tf.TensorSpec((BATCH, *i.shape[1:]), i.dtype) for i in model.inputs]
    step = tf.function(
        lambda *xs: model(list(xs) if len(xs) > 1 else xs[0], training=True),
        autograph=False,
    )
    concrete = step.get_concrete_function(*specs)
    forward = concrete._delayed_rewrite_functions.forward_backward()[0]
    tensors = {}
    for tensor in map(source, forward.graph.outputs):
        if tensor.op.type not in ("Placeholder", "ReadVariableOp", "Const", "Shape"):
            tensors[tensor.ref()] = tensor
    return sum(
        math.prod(t.shape.as_list()) * t.dtype.size
        for t in tensors.values()
        if t.dtype != tf.variant and t.shape.rank
    )


def source(tensor: tf.Tensor) -> tf.Tensor:
    while tensor.op.type in ("Reshape", "Identity", "ExpandDims", "Squeeze"):
        tensor = tensor.op.inputs[0]
    return tensor


def layer_classes() -> list[type]:
    every = filter(inspect.isclass, (getattr(L, name) for name in dir(L)))
    kinds = {one for one in every if issubclass(one, L.Layer)}
    return sorted(kinds, key=lambda kind: kind.__name__)


MEASURED = (
    "Activation Dense EinsumDense Conv1D Conv2D Conv3D Conv2DTranspose "
    "DepthwiseConv2D SeparableConv2D BatchNormalization LayerNormalization "
    "GroupNormalization RMSNormalization UnitNormalization MaxPooling1D MaxPooling2D "
    "AveragePooling2D AdaptiveAveragePooling2D AdaptiveMaxPooling1D "
    "GlobalAveragePooling2D "
    "GlobalMaxPooling2D Flatten Reshape Permute RepeatVector ZeroPadding2D Cropping2D "
    "UpSampling2D Embedding SimpleRNN TimeDistributed MultiHeadAttention "
    "GroupedQueryAttention Attention AdditiveAttention ReLU ELU LeakyReLU PReLU "
    "Softmax Add Subtract Concatenate Multiply Maximum Minimum Average Dot "
    "GaussianDropout AlphaDropout "
    "SpectralNormalization CenterCrop Resizing"
).split()


def siamese() -> keras.Model:
    tower = keras.Sequential([
        keras.Input((16,)), L.Dense(32, activation="relu"), L.Dense(16)
    ])  # fmt: skip
    inputs = [keras.Input((16,)), keras.Input((16,))]
    return keras.Model(inputs, L.Subtract()([tower(one) for one in inputs]))


def unrolled(kind: type) -> keras.Model:
    given = keras.Input((10, 16))
    return keras.Model(given, L.Dense(2)(kind(32, unroll=True)(L.Dense(16)(given))))


def rematerialised() -> keras.Model:
    with keras.RematScope(mode="activations"):
        given = keras.Input((16,))
        made = given
        for _ in range(4):
            made = L.Dense(64, activation="gelu")(made)
        return keras.Model(given, L.Dense(2)(made))


def towers(merge: type, activation: str | None) -> keras.Model:
    given = keras.Input((16,))
    made = [L.Dense(32, activation=activation)(given) for _ in range(3)]
    return keras.Model(given, L.Dense(2)(merge()(made)))


def residual() -> keras.Model:
    given = keras.Input((16, 16, 8))
    x = L.Conv2D(8, 3, padding="same")(given)
    for stride in (1, 2, 1):
        y = L.Conv2D(8, 3, strides=stride, padding="same")(x)
        y = L.ReLU()(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same")(y))
        if stride > 1:
            x = L.Conv2D(8, 1, strides=stride)(x)
        x = L.ReLU()(L.Add()([x, y]))
    return keras.Model(given, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


def nested_residual() -> keras.Model:
    given, inner = keras.Input((16, 16, 8)), residual()
    beside = L.Dense(2)(L.Flatten()(given))
    return keras.Model(given, L.Dense(2)(L.Add()([inner(given), beside])))


def unet() -> keras.Model:
    given = keras.Input((16, 16, 3))
    x, skips = given, []
    for filters in (4, 8):
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = L.MaxPooling2D()(x)
    for filters, skip in zip((8, 4), reversed(skips), strict=True):
        x = L.Conv2DTranspose(filters, 2, 2, activation="relu")(x)
        x = L.Concatenate()([x, skip])
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(given, L.Conv2D(3, 1, activation="sigmoid")(x))


def attended(x: object) -> object:
    q, k, v = (L.Dense(16)(x) for _ in range(3))
    return ops.matmul(ops.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1)))), v)


def scaled(x: object) -> object:
    centred = x - ops.mean(x, -1, keepdims=True)
    return centred / ops.sqrt(ops.var(x, -1, keepdims=True) + 1e-3)


def between(step: Callable[..., object]) -> keras.Model:
    """Make a model of operations between products."""
    given, asked = keras.Input((12, 16)), inspect.signature(step).parameters.values()
    made = step(*(L.Dense(16)(given) for one in asked if one.default is one.empty))
    return keras.Model(given, L.Dense(2)(made))


class Own(L.Layer):
    """A layer that nobody knows: no config is asked for where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = L.Dense(16)

    def call(self, x: object) -> object:
        return self.inner(x)


OPERATIONS = {
    "x + y": lambda x, y: x + y,
    "x * y": lambda x, y: x * y,
    "x / y": lambda x, y: x / y,
    "2 / x": lambda x: 2 / x,
    "x ** 3": lambda x: x**3,
    "matmul": lambda x, y: ops.matmul(x, ops.transpose(y, (0, 2, 1))),
    "einsum": lambda x, y: ops.einsum("bik,bjk->bij", x, y),
    "where": lambda x, y: ops.where(x > 0, x, y),
    "concatenate": lambda x, y: ops.concatenate([x, y], -1),
    "split": lambda x: ops.concatenate(ops.split(x, 2, -1)[::-1], -1),
    "reshape": lambda x: ops.reshape(x, (-1, 24, 8)),
    "slice": lambda x: x[:, :6],
    "mean": lambda x: ops.mean(x, 1),
    "max": lambda x: ops.max(x, 1),
    "clip": lambda x: ops.clip(x, -1, 1),
    "dot product attention": lambda x: ops.dot_product_attention(
        *(ops.reshape(L.Dense(16)(x), (-1, 12, 2, 8)) for _ in range(3))
    ),
    "attention by hand": attended,
    "normalization by hand": scaled,
    "beside a layer of one's own": lambda x: x * ops.sigmoid(Own()(attended(x))),
    "block": lambda x: x + L.Dense(16)(ops.tanh(L.Dense(64)(x + attended(x)))),
} | {
    name: getattr(ops, name)
    for name in ("relu", "sigmoid", "softmax", "exp", "sqrt", "square", "abs", "sin",
                 "leaky_relu", "softplus", "hard_silu")
}  # fmt: skip


def branched() -> dict[str, keras.Model]:
    """Models whose list of layers is no chain."""
    merges = (L.Add, L.Concatenate, L.Multiply, L.Average, L.Maximum)
    found = {
        f"{merge.__name__} of three {activation}": towers(merge, activation)
        for merge in merges for activation in (None, "relu")
    }  # fmt: skip
    made = (residual, nested_residual, unet)
    return found | {make.__name__: make() for make in made}


def measure_kept() -> list:
    by_name = {kind.__name__: kind for kind in layer_classes()}
    models = {name: build(by_name[name], with_products=True)
              for name in MEASURED if name in by_name}  # fmt: skip
    models |= branched() | {"siamese": siamese()}
    models |= {f"operation {name}": between(step) for name, step in OPERATIONS.items()}
    models |= {f"{k.__name__} unrolled": unrolled(k) for k in (L.LSTM, L.GRU)}
    if hasattr(keras, "RematScope"):
        models["rematerialised activations"] = rematerialised()
    return [
        [name, kept_by_tensorflow(model),
         model_bytes(describe_model(model, None), BATCH, BASIS).activations]
        for name, model in models.items()
    ]  # fmt: skip


def measure_slots() -> list:
    """Compare what every optimizer keeps once built with what is told before."""
    optimizers, rows = keras.optimizers, []
    for name in dir(optimizers):
        kind = getattr(optimizers, name)
        if not inspect.isclass(kind) or name in ("Optimizer", "MultiOptimizer"):
            continue
        if not issubclass(kind, optimizers.Optimizer):
            continue
        wraps = name == "LossScaleOptimizer"
        known = inspect.signature((optimizers.Adam if wraps else kind).__init__)
        options = [{}, {"use_ema": True}, {"gradient_accumulation_steps": 4}]
        options += [{key: value} for key, value in (
            ("momentum", 0.9), ("amsgrad", True), ("centered", True)
        ) if key in known.parameters]  # fmt: skip
        for option in options:
            made = kind(optimizers.Adam(**option)) if wraps else kind(**option)
            rows.append([f"{name} {option or ''}", *slots_of(made)])
    return rows


def slots_of(optimizer: keras.optimizers.Optimizer) -> tuple[int, int]:
    frozen = L.Dense(200, trainable=False)
    model = keras.Sequential([keras.Input((40,)), L.Dense(300), frozen, L.Dense(100)])
    model.compile(optimizer, "mse")
    told = model_bytes(describe_model(model, None), 1, Basis())
    model.optimizer.build(model.trainable_variables)
    real = sum(4 * math.prod(v.shape) for v in model.optimizer.variables)
    return real, told.slots


def main() -> None:
    rows, failed = [], {}
    for kind in layer_classes():
        try:
            rows.append(compare(kind))
        except Exception as error:
            failed[kind.__name__] = f"{type(error).__name__}: {error}"[:200]
    found = {"layers": rows, "failed": failed}
    found |= {"kept": measure_kept(), "slots": measure_slots()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
