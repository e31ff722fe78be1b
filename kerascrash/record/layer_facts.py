"""
One layer as the ``models`` blob keeps it, with the layers inside it.

Entry: {name, class, module, output_shape, input_shape, parameters, dtype,
weights_bytes, trainable, settings, remat, layers, calls}. ``module`` is ``keras`` for
Keras' own classes, else the root of the user's. ``settings`` are plain attributes that
sizes depend on (units, kernel, strides, …); ``remat`` the mode and threshold of the
scope in which it is computed again, absent without; ``layers`` the layers inside and
``calls`` how often a graph runs them, absent for none and for once. Only attributes
are read: no method of a layer is called.
"""

from __future__ import annotations

from math import prod
from types import FunctionType

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
    "axes", "target_shape", "dims", "n", "cropping", "output_size", "height", "width",
    "keepdims", "num_tokens", "num_bins", "output_mode", "equation",
    "partial_output_shape", "head_dim", "num_query_heads", "num_key_value_heads",
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
    remat = _remat(layer)
    if remat:
        entry["remat"] = remat
    inside = get(layer, "_layers") if depth else None
    if isinstance(inside, list) and inside:
        entry["layers"] = [describe_layer(each, depth - 1) for each in inside]
        count_calls(layer, inside, entry["layers"])
    return entry


def count_calls(model: Any, layers: list[Any], entries: list[dict[str, Any]]) -> None:
    """Note ``calls`` with models inside a model that its graph runs more than once."""
    by_depth = get(model, "_nodes_by_depth")
    if not isinstance(by_depth, dict):
        return
    calls: dict[int, int] = {}
    for nodes in by_depth.values():
        for node in nodes:
            owner = id(get(node, "operation"))
            calls[owner] = calls.get(owner, 0) + 1
    for layer, entry in zip(layers, entries, strict=True):
        if "layers" in entry and calls.get(id(layer), 1) > 1:
            entry["calls"] = calls[id(layer)]


def _root(layer: Any) -> str:
    return type(layer).__module__.partition(".")[0]


def is_keras_own(thing: Any) -> bool:
    """Return whether an object's class, or a plain function, is Keras' own."""
    module = thing.__module__ if type(thing) is FunctionType else type(thing).__module__
    return str(module).partition(".")[0] in ("keras", "tf_keras")


def _settings(layer: Any) -> dict[str, Any]:
    own = get(layer, "__dict__") or {}
    keras, kind = is_keras_own(layer), type(layer)
    found = {}
    for name in _SETTINGS:
        # An RNN's settings are its cell's, behind properties; a user's are left alone.
        # Asking for what is not there costs an exception each.
        value = own.get(name)
        if value is None and keras and hasattr(kind, name):
            value = get(layer, name)
        if value is None:
            continue
        if callable(value):
            value = getattr(value, "__name__", None)
        if isinstance(value, (tuple, list)):
            value = _numbers(value)
        if isinstance(value, (*_NUMBERS, list)):
            found[name] = value
    if keras and own.get("_flash_attention") is True:
        found["flash"] = True
    return found


def _numbers(values: Any, depth: int = 1) -> list[Any]:
    """Return plain values, at most six; pairs of them where each axis has a pair."""
    return [
        _numbers(n, depth - 1) if isinstance(n, (tuple, list)) and depth else n
        for n in values[:6]
        if n is None or isinstance(n, (*_NUMBERS, tuple, list))
    ]


def _remat(layer: Any) -> list[Any] | None:
    """Return [mode, threshold] of the ``RematScope`` that this layer was made in."""
    scope = get(layer, "_remat_mode")
    mode = get(scope, "mode")
    if not isinstance(mode, str):
        return None
    if mode == "list_of_layers" and get(layer, "name") not in scope.layer_names:
        return None
    return [mode, plain(get(scope, "output_size_threshold"))]


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
        shapes = [_plain_shape(each) for each in given.values()]
        return shapes[0] if len(shapes) == 1 else [one for one in shapes if one]
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
