"""
One layer as the ``models`` blob keeps it, with the layers inside it.

Entry: {name, class, module, output_shape, input_shape, parameters, dtype,
weights_bytes, trainable, settings, layers}. ``module`` is ``keras`` for Keras' own
classes, else the root of the user's. ``settings`` are plain attributes that sizes
depend on (units, kernel, strides, …); ``layers`` the layers inside, absent where there
are none. Only attributes are read: no method of a layer is called.
"""

from __future__ import annotations

from math import prod

from kerascrash.record.data_facts import dtype_name, dtype_width, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_SETTINGS = (
    "units", "filters", "kernel_size", "strides", "padding", "dilation_rate",
    "data_format", "groups", "depth_multiplier", "pool_size", "activation", "rate",
    "dropout", "recurrent_dropout", "return_sequences", "unroll", "num_heads",
    "key_dim", "value_dim", "input_dim", "output_dim", "size", "axis", "merge_mode",
)  # fmt: skip
_NUMBERS = (bool, int, float, str)
_DEPTH = 6


def describe_layer(layer: Any, depth: int = _DEPTH) -> dict[str, Any]:
    """Return the entry; what the layer does not tell is null or left out."""
    parameters, size = sum_variables(get(layer, "weights") or ())
    kind = type(layer)
    entry = {
        "name": str(get(layer, "name")),
        "class": kind.__qualname__,
        "module": _root(layer),
        "output_shape": _output_shape(layer),
        "input_shape": _input_shape(layer),
        "parameters": parameters,
        "dtype": plain(get(layer, "compute_dtype")),
        "weights_bytes": size,
        "trainable": plain(get(layer, "trainable")),
        "settings": _settings(layer),
    }
    inside = get(layer, "_layers") if depth else None
    if isinstance(inside, list) and inside:
        entry["layers"] = [describe_layer(each, depth - 1) for each in inside]
    return entry


def _root(layer: Any) -> str:
    return type(layer).__module__.partition(".")[0]


def _settings(layer: Any) -> dict[str, Any]:
    own = get(layer, "__dict__") or {}
    keras = _root(layer) in ("keras", "tf_keras")
    found = {}
    for name in _SETTINGS:
        # An RNN's settings are its cell's, behind properties; a user's are left alone.
        value = get(layer, name) if keras and name not in own else own.get(name)
        if value is None:
            continue
        if callable(value):
            value = getattr(value, "__name__", None)
        if isinstance(value, (tuple, list)):
            value = [n for n in value[:4] if isinstance(n, _NUMBERS)]
        if isinstance(value, (*_NUMBERS, list)):
            found[name] = value
    return found


def _output_shape(layer: Any) -> Any:
    """Return the shape, or a list of shapes; null for a layer without fixed inputs."""
    output = get(layer, "output")
    if output is not None:
        return _shapes(output)
    nodes = get(layer, "_inbound_nodes")  # a shared layer has one node a call
    if not isinstance(nodes, list) or len(nodes) < 2:
        return None
    shapes = [shape_of(t) for node in nodes for t in get(node, "outputs") or ()]
    return shapes or None


def _input_shape(layer: Any) -> Any:
    given = get(layer, "_build_shapes_dict")
    if isinstance(given, dict) and given:
        shape = next(iter(given.values()))
        return _plain_shape(shape)
    tensor = get(layer, "input")
    return None if tensor is None else _shapes(tensor)


def _plain_shape(shape: Any) -> Any:
    if not isinstance(shape, (tuple, list)):
        return None
    if any(isinstance(n, (tuple, list)) for n in shape):
        return [_plain_shape(each) for each in shape]
    return [n if isinstance(n, int) else None for n in shape]


def _shapes(tensors: Any) -> Any:
    if isinstance(tensors, dict):
        tensors = list(tensors.values())
    if isinstance(tensors, (list, tuple)):
        return [shape_of(each) for each in tensors]
    return shape_of(tensors)


def sum_variables(variables: Iterable[Any]) -> tuple[int, int]:
    """Return elements and bytes of variables, from shape and dtype alone."""
    elements = size = 0
    for variable in variables:
        count = prod(length or 0 for length in shape_of(variable) or [])
        elements += count
        size += count * dtype_width(dtype_name(variable.dtype))
    return elements, size


def get(owner: Any, name: str) -> Any:
    """Return an attribute of Keras' own; properties there may raise anything."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None


def plain(value: Any) -> Any:
    """Return a value that JSON keeps as it is, None for any other."""
    return value if isinstance(value, (bool, int, str)) else None
