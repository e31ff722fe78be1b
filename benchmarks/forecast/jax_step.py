"""
Hold the arithmetic against what JAX' compiler says of the same training step.

    KERAS_BACKEND=jax python benchmarks/forecast/jax_step.py

Printed for each network: bytes of arguments and temporaries, as compiled and counted.
"""

from __future__ import annotations

import jax
from networks import MAKERS

from kerascrash.estimate.layer_shapes import Basis
from kerascrash.estimate.model_arithmetic import model_bytes
from kerascrash.record.model_facts import describe_model

STEPS = (
    ("mlp", 512), ("mlp", 2048), ("cnn", 16), ("cnn", 64), ("transformer", 16),
    ("transformer", 64), ("resnet", 16), ("unet", 8), ("embedding", 512),
)  # fmt: skip


def main() -> None:
    for name, batch in STEPS:
        model, loss, x, y = MAKERS[name](batch)
        model.compile("adam", loss, jit_compile=True)
        model.train_on_batch(x, y)
        groups = (model.trainable_variables, model.non_trainable_variables,
                  model.optimizer.variables, model.metrics_variables)  # fmt: skip
        state = tuple([one.value for one in group] for group in groups)
        step = jax.jit(model.train_step, donate_argnums=0)
        told = step.lower(state, (x, y, None)).compile().memory_analysis()
        ours = model_bytes(describe_model(model, None), batch, Basis(batch, 1))
        counted = ours.weights + ours.slots + x.nbytes + y.nbytes
        kept = ours.activations + ours.gradients
        print(f"{name:12s} {batch:5d} {told.argument_size_in_bytes} {counted}, "
              f"{told.temp_size_in_bytes} {kept}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
