"""
A Keras model as the ``models`` blob keeps it: layers, shapes, parameters, bytes.

Entry: {name, class, built, parameters, trainable_parameters, weights_bytes,
dtype_policy, layers [{name, class, output_shape, parameters, dtype, weights_bytes}],
optimizer {class, variables, bytes} | null, jit_compile, run_eagerly,
steps_per_execution, config | null, place}. Works on Keras 2 and 3.
"""

from __future__ import annotations

from math import prod

from kerascrash.record.data_facts import dtype_name, dtype_width, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MOST_LAYERS = 2000


def describe_model(model: Any, place: dict[str, Any] | None) -> dict[str, Any]:
    """Return the entry; what the model does not tell is null."""
    layers = list(_get(model, "layers") or ())[:_MOST_LAYERS]
    weights = list(_get(model, "weights") or ())
    trainable = list(_get(model, "trainable_weights") or ())
    parameters, weights_bytes = _sum(weights)
    policy = _get(model, "dtype_policy") or _get(model, "_dtype_policy")
    return {
        "name": str(_get(model, "name")),
        "class": type(model).__qualname__,
        "built": bool(_get(model, "built")),
        "parameters": parameters,
        "trainable_parameters": _sum(trainable)[0],
        "weights_bytes": weights_bytes,
        "dtype_policy": _get(policy, "name"),
        "layers": [_layer(layer) for layer in layers],
        "optimizer": _optimizer(_get(model, "optimizer")),
        "jit_compile": _plain(_get(model, "_jit_compile")),
        "run_eagerly": _plain(_get(model, "_run_eagerly")),
        "steps_per_execution": _plain(_get(model, "steps_per_execution")),
        "config": _config(model, layers),
        "place": place,
    }


def _layer(layer: Any) -> dict[str, Any]:
    parameters, size = _sum(_get(layer, "weights") or ())
    return {
        "name": str(_get(layer, "name")),
        "class": type(layer).__qualname__,
        "output_shape": _output_shape(layer),
        "parameters": parameters,
        "dtype": _plain(_get(layer, "compute_dtype")),
        "weights_bytes": size,
    }


def _output_shape(layer: Any) -> Any:
    """Return the shape, or a list of shapes; null for a layer without fixed inputs."""
    output = _get(layer, "output")
    if output is None:
        return None
    if isinstance(output, (list, tuple)):
        return [shape_of(each) for each in output]
    if isinstance(output, dict):
        return [shape_of(each) for each in output.values()]
    return shape_of(output)


def _optimizer(optimizer: Any) -> dict[str, Any] | None:
    if optimizer is None:
        return None
    variables = _get(optimizer, "variables")
    if callable(variables):  # Keras 2 has a method here
        variables = variables()
    variables = list(variables or ())
    return {
        "class": type(optimizer).__qualname__,
        "variables": len(variables),
        "bytes": _sum(variables)[1],
    }


def _sum(variables: Iterable[Any]) -> tuple[int, int]:
    """Return elements and bytes of variables, from shape and dtype alone."""
    elements = size = 0
    for variable in variables:
        count = prod(length or 0 for length in shape_of(variable) or [])
        elements += count
        size += count * dtype_width(dtype_name(variable.dtype))
    return elements, size


def _config(model: Any, layers: list[Any]) -> Any:
    """Return the config where only Keras' own classes are asked for theirs."""
    for part in (model, *layers):
        if type(part).__module__.partition(".")[0] not in ("keras", "tf_keras"):
            return None
    try:
        return model.get_config()
    except Exception:
        return None


def _get(owner: Any, name: str) -> Any:
    """Return an attribute of Keras' own; properties there may raise anything."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else None
