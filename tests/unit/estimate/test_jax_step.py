"""The arithmetic against what JAX' compiler says of the same training step."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import json
import jax, keras, numpy as np
from kerascrash.estimate.layer_shapes import Basis
from kerascrash.estimate.model_arithmetic import model_bytes
from kerascrash.record.model_facts import describe_model

batch, layers = 512, [keras.layers.Dense(1024, activation="relu") for _ in range(4)]
model = keras.Sequential([keras.Input((256,)), *layers, keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, jit_compile=True)
x, y = np.zeros((batch, 256), "f4"), np.zeros((batch,), "i4")
model.train_on_batch(x, y)
groups = (model.trainable_variables, model.non_trainable_variables,
          model.optimizer.variables, model.metrics_variables)
state = tuple([v.value for v in group] for group in groups)
step = jax.jit(model.train_step, donate_argnums=0)
told = step.lower(state, (x, y, None)).compile().memory_analysis()
ours = model_bytes(describe_model(model, None), batch, Basis(batch, 1))
print(json.dumps({
    "arguments": [told.argument_size_in_bytes,
                  ours.weights + ours.slots + x.nbytes + y.nbytes],
    "temporaries": [told.temp_size_in_bytes, ours.activations + ours.gradients],
}))
"""


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
def test_a_compiled_step_needs_what_the_arithmetic_says() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    real, ours = found["arguments"]
    assert abs(real - ours) <= 64  # the metrics' counters
    real, ours = found["temporaries"]
    assert 0.8 <= ours / real <= 1.25
