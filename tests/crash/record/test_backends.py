"""Keras on JAX, on PyTorch and Keras 2: recorded alike, and computing what it did."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.dump.records import EventKind, Stage

RunScript = Callable[..., Any]
ARM = "import kerascrash.arm\n"
DIE = "\nimport os, time; time.sleep(1.0); os.kill(os.getpid(), 9)\n"
FIT = """
import json
import numpy as np
{imports}
layers = keras.layers
keras.utils.set_random_seed(7)
x = np.random.rand(100, 8).astype("float32")
y = np.random.rand(100, 1).astype("float32")
model = keras.Sequential([layers.Dense(16, input_shape=(8,)), layers.Dense(1)])
model.compile("adam", "mse")
history = model.fit(x, y, batch_size=32, epochs=3, verbose=0, validation_data=(x, y))
print(json.dumps([history.history, float(model.evaluate(x, y, verbose=0))]))
model.predict(x, verbose=0)
"""
KERAS_3 = "import keras"
WAYS = [
    ("jax", KERAS_3, "jax", 1),
    ("torch", KERAS_3, "torch", 1),
    ("tensorflow", "import tensorflow as tf; keras = tf.keras", "tensorflow", 1),
    ("tensorflow", "import tf_keras as keras", "tf_keras", 0),
]


@pytest.mark.crash
@pytest.mark.parametrize(("backend", "imports", "needs", "scalars"), WAYS)
def test_fit_is_recorded_alike(
    backend: str, imports: str, needs: str, scalars: int, run_script: RunScript
) -> None:
    for module in (needs, "keras"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    body = FIT.format(imports=imports)
    armed = run_script(ARM + body + DIE, KERAS_BACKEND=backend)
    plain = run_script(body, name="plain.py", KERAS_BACKEND=backend)
    assert json.loads(armed.out) == json.loads(plain.out)
    assert armed.events(EventKind.HOOK_FAILED) == []
    stages = list(dict.fromkeys(armed.stages()))
    assert [s for s in stages if s != "BUILD"] == [
        "IMPORT", "DATA", "FIT", "EVALUATE", "PREDICT",
    ]  # fmt: skip
    assert [e["steps"] for e in armed.events(EventKind.EPOCH_END)] == [4, 4, 4]
    steps = [p for p in armed.dump.progress if p.stage == Stage.FIT and p.step_ns > 0]
    assert steps[-1].step == 11
    assert {(p.batch_size, p.steps_per_epoch) for p in steps} == {(32, 4)}
    blob = armed.dump.blobs["models"].data
    assert blob["backend"] == (None if needs == "tf_keras" else backend)
    (model,) = blob["models"]
    assert (model["class"], model["parameters"]) == ("Sequential", 161)
    assert model["weights_bytes"] == 4 * 161
    slots = model["optimizer"]
    assert slots["bytes"] == pytest.approx(2 * 4 * 161 + 8 * (1 + scalars), abs=8)
    sizes = {(b["stage"], b["batch_size"]) for b in blob["batches"]}
    assert {("FIT", 32), ("FIT", 4), ("EVALUATE", 32), ("PREDICT", 4)} <= sizes
    assert {d["name"]: d["bytes"] for d in blob["data"]} == {"x": 3200, "y": 400}


SAYS = """
import keras
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
model.predict(keras.ops.ones((4, 8)), verbose=0)
print(keras.config.backend())
"""


@pytest.mark.crash
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_backend_that_no_variable_names_is_recorded(
    backend: str, tmp_path, monkeypatch, run_script: RunScript
) -> None:
    """Keras reads its own file where the environment is silent, and has a default."""
    for module in (backend, "keras"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    home = tmp_path / "home"
    if backend != "tensorflow":
        home.mkdir()
        (home / "keras.json").write_text(json.dumps({"backend": backend}))
    armed = run_script(ARM + SAYS + DIE, KERAS_HOME=str(home))
    assert armed.out.split() == [backend]
    assert armed.dump.blobs["models"].data["backend"] == backend
    assert "KERAS_BACKEND" not in armed.dump.blobs["environment"].data["env"]


POOL = """
import numpy as np
import tensorflow as tf
import time
kept = []
for _ in range(40):
    kept.append(tf.ones((256, 1024)))
    time.sleep(0.1)
time.sleep(3)
"""


@pytest.mark.crash
def test_tensorflows_own_pool_on_the_cpu_is_followed(run_script: RunScript) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    run = run_script(
        ARM + POOL + DIE, TF_CPU_ALLOCATOR_USE_BFC="1", TF_CPU_BFC_MEM_LIMIT_IN_MB="500"
    )
    (row,) = run.dump.blobs["allocators"].data["devices"]
    assert (row["framework"], row["device"]) == ("tensorflow", "host")
    assert row["limit"] == 500 << 20
    assert row["in_use"] == pytest.approx(40 << 20, rel=0.05)
    course = [s.values.get("device_used", 0) for s in run.dump.fine]
    assert course == sorted(course)
    assert course[-1] == row["in_use"]
    assert run.events(EventKind.HOOK_FAILED) == []


@pytest.mark.crash
def test_nothing_is_asked_before_tensorflow_has_begun(run_script: RunScript) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    wait = (
        "import tensorflow as tf, time\n"
        "from tensorflow.python.eager import context\n"
        "time.sleep(3)\n"
        "print(context._context is None or not context._context._initialized)\n"
    )
    run = run_script(ARM + wait + DIE, TF_CPU_ALLOCATOR_USE_BFC="1")
    assert run.out == "True\n"
    assert "allocators" not in run.dump.blobs
