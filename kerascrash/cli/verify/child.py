"""Runs under the limit: rebuild the model, take steps, print the peaks in bytes."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

STEPS = 12
_EVERY_S = 0.003
"""Between looks: a batch's largest tensors live for longer."""
_UNKNOWN_LENGTH = 16
_SAMPLES = 64
"""Of a data set that is repeated: small, as what is held beside it was not recorded."""


def _array(shape: tuple[Any, ...], dtype: str, batch: int) -> Any:
    import numpy as np

    sizes = (batch, *(n or _UNKNOWN_LENGTH for n in shape[1:]))
    if "int" in dtype or dtype == "bool":
        return np.zeros(sizes, dtype)  # a class, an index: 0 is one everywhere
    return np.random.default_rng(0).random(sizes, dtype="float32").astype(dtype)


def _optimizer(keras: Any, told: dict[str, Any]) -> Any:
    """Return the optimizer with the settings that sizes depend on."""
    settings = dict(told["settings"])
    name = settings.pop("inner", None) or told["class"]
    optimizer = getattr(keras.optimizers, name)(**settings)
    if told["class"] == "LossScaleOptimizer":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _loss(keras: Any, told: dict[str, Any] | None) -> Any:
    if told is None:
        return "mse"
    if told.get("from_logits"):
        return getattr(keras.losses, told["class"])(from_logits=True)
    return getattr(keras.losses, told["class"], None) or told["class"]


def _data(
    model: Any, plan: dict[str, Any], samples: int
) -> tuple[list[Any], list[Any]]:
    """Return inputs and targets of so many samples, of the recorded shapes if known."""
    given, wanted = plan["inputs"], plan["targets"]
    if len(given) != len(model.inputs):
        given = [[list(t.shape), str(t.dtype)] for t in model.inputs]
    if plan["loss"] is None or len(wanted) != len(model.outputs):
        wanted = [[list(t.shape), "float32"] for t in model.outputs]
    x, y = (
        [_array(tuple(shape), dtype, samples) for shape, dtype in rows]
        for rows in (given, wanted)
    )
    return x, y


def _train(model: Any, plan: dict[str, Any]) -> None:
    """Take the steps, fed as the training was."""
    import keras

    batch = plan["batch"]
    streams = plan["dataset"] and keras.config.backend() == "tensorflow"
    x, y = (
        tuple(part) if len(part) > 1 else part[0]
        for part in _data(model, plan, _SAMPLES if streams else 2 * batch)
    )
    if not streams:
        parts = [list(one) if isinstance(one, tuple) else one for one in (x, y)]
        model.fit(*parts, batch_size=batch, epochs=STEPS // 2, verbose=0)
        return
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(batch)
    model.fit(rows, steps_per_epoch=STEPS, verbose=0)


class Charged:
    """Watches, while its block runs, what of the resident bytes a limit counts."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Charged:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while True:
            with open("/proc/self/statm", encoding="ascii") as sizes:
                resident, files = map(int, sizes.read().split()[1:3])
            self.most = max(self.most, (resident - files) * page)
            if self._over.wait(_EVERY_S):
                return


def main() -> None:
    """Read the plan from standard input and carry it out."""
    plan = json.load(sys.stdin)
    import keras

    kind = keras.Sequential if plan["class"] == "Sequential" else keras.Model
    model = kind.from_config(plan["config"])
    loss = _loss(keras, plan["loss"])
    if isinstance(loss, type):
        loss = loss()
    model.compile(
        optimizer=_optimizer(keras, plan["optimizer"]),
        loss=loss,
        run_eagerly=plan["run_eagerly"],
        jit_compile=plan["jit_compile"],
        steps_per_execution=plan["steps_per_execution"],
    )
    with Charged() as charged:
        _train(model, plan)
    with open("/proc/self/status", encoding="ascii") as status:
        rows = [row.split() for row in status if row.startswith("VmHWM")]
    print(json.dumps({"peak": int(rows[0][1]) << 10, "charged": charged.most}))


if __name__ == "__main__":
    main()
