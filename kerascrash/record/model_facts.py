"""
A Keras model as the ``models`` blob keeps it: layers, shapes, parameters, bytes.

Entry: {name, class, built, parameters, trainable_parameters, weights_bytes,
dtype_policy, layers [see layer_facts],
optimizer {class, variables, bytes, settings} | null, jit_compile, run_eagerly,
steps_per_execution, loss {class, …} | null, config | null, graph [see graph_facts] of
a functional model without config | null, place}. Works on Keras 2 and 3.
"""

from __future__ import annotations

from kerascrash.record.graph_facts import describe_graph
from kerascrash.record.layer_facts import (
    count_calls,
    describe_layer,
    get,
    is_keras_own,
    plain,
    sum_variables,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_LAYERS = 2000
_OPTIMIZER_SETTINGS = (
    "momentum", "amsgrad", "centered", "use_ema", "gradient_accumulation_steps",
    "clipnorm", "global_clipnorm", "clipvalue", "weight_decay",
)  # fmt: skip


def describe_model(model: Any, place: dict[str, Any] | None) -> dict[str, Any]:
    """Return the entry; what the model does not tell is null."""
    layers = list(get(model, "layers") or ())[:_MOST_LAYERS]
    weights = list(get(model, "weights") or ())
    trainable = list(get(model, "trainable_weights") or ())
    parameters, weights_bytes = sum_variables(weights)
    policy = get(model, "dtype_policy") or get(model, "_dtype_policy")
    entries = [describe_layer(layer) for layer in layers]
    count_calls(model, layers, entries)
    config = _config(model, layers)
    return {
        "name": str(get(model, "name")),
        "class": type(model).__qualname__,
        "built": bool(get(model, "built")),
        "parameters": parameters,
        "trainable_parameters": sum_variables(trainable)[0],
        "weights_bytes": weights_bytes,
        "dtype_policy": get(policy, "name"),
        "layers": entries,
        "optimizer": _optimizer(get(model, "optimizer")),
        "jit_compile": plain(get(model, "_jit_compile")),
        "run_eagerly": plain(get(model, "_run_eagerly")),
        "steps_per_execution": plain(get(model, "steps_per_execution")),
        "loss": _loss(get(model, "loss")),
        "config": config,
        "graph": _graph(model) if config is None else None,
        "place": place,
    }


def _optimizer(optimizer: Any) -> dict[str, Any] | None:
    if optimizer is None:
        return None
    variables = get(optimizer, "variables")
    if callable(variables):  # Keras 2 has a method here
        variables = variables()
    variables = list(variables or ())
    return {
        "class": type(optimizer).__qualname__,
        "variables": len(variables),
        "bytes": sum_variables(variables)[1],
        "settings": _optimizer_settings(optimizer),
    }


def _optimizer_settings(optimizer: Any) -> dict[str, Any]:
    inner = get(optimizer, "inner_optimizer")  # of a LossScaleOptimizer
    found: dict[str, Any] = {"inner": type(inner).__qualname__} if inner else {}
    for name in _OPTIMIZER_SETTINGS:
        value = get(inner or optimizer, name)
        if isinstance(value, (bool, int, float)):
            found[name] = value
    return found


def _loss(loss: Any) -> dict[str, Any] | None:
    """Return the loss by name where it is one of Keras' own, null for any other."""
    if isinstance(loss, str):
        return {"class": loss[:80]}
    if not is_keras_own(loss):
        return None
    # A function of Keras tells its name, a loss its class and whether it takes logits.
    name = get(loss, "__name__") or type(loss).__qualname__
    wrapped = get(loss, "_fn_kwargs")
    logits = isinstance(wrapped, dict) and wrapped.get("from_logits") is True
    return {"class": name, **({"from_logits": True} if logits else {})}


def _config(model: Any, layers: list[Any]) -> Any:
    """Return the config where only Keras' own classes are asked for theirs."""
    for part in (model, *layers):
        if not is_keras_own(part):
            return None
    try:
        return model.get_config()
    except Exception:
        return None


def _graph(model: Any) -> dict[str, Any] | None:
    try:
        return describe_graph(model)
    except Exception:  # Keras 2 has other nodes
        return None
