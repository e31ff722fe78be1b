"""Real Keras, armed: stages, steps, models, batches, and the losses of unarmed runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.collect.dump_case import read_case
from kerascrash.dump.records import EventKind, Stage
from kerascrash.estimate.timeline import open_stages
from kerascrash.model.case import Recording

pytest.importorskip("keras")
RunScript = Callable[..., Any]
ARM = "import kerascrash.arm\n"
DIE = "\nimport os; os.kill(os.getpid(), 9)\n"

FIT = """
import json, sys
import numpy as np
import keras
keras.utils.set_random_seed(7)
x = np.random.rand(100, 8)
y = np.random.rand(100, 1).astype("float32")
model = keras.Sequential([keras.layers.Dense(16), keras.layers.Dense(1)])
model.compile("adam", "mse")
history = model.fit(x, y, batch_size=32, epochs=3, verbose=0, validation_data=(x, y))
print(json.dumps([history.history, float(model.evaluate(x, y, verbose=0))]))
model.predict(x, verbose=0)
model.save("model.keras")
"""


@pytest.mark.crash
def test_fit_is_recorded_and_computes_what_it_does_unarmed(
    run_script: RunScript,
) -> None:
    armed = run_script(ARM + FIT + DIE)
    plain = run_script(FIT, name="plain.py")
    assert json.loads(armed.out) == json.loads(plain.out)
    assert armed.err == plain.err == ""
    assert armed.events(EventKind.HOOK_FAILED) == []
    stages = armed.stages()
    assert stages[:3] == ["IMPORT", "BUILD", "DATA"]
    later = dict.fromkeys(s for s in stages[3:] if s not in ("DATA", "BUILD"))
    assert list(later) == ["FIT", "EVALUATE", "PREDICT", "CHECKPOINT"]
    assert len(armed.events(EventKind.EPOCH_END)) == 3
    assert armed.events(EventKind.EPOCH_END)[0]["steps"] == 4
    (saved,) = armed.events(EventKind.CHECKPOINT)
    assert saved["path"] == str(armed.folder / "model.keras")
    assert (saved["step"], saved["epoch"]) == (11, 2)
    assert saved["size"] == (armed.folder / "model.keras").stat().st_size
    assert saved["free"] > 0
    steps = [p for p in armed.dump.progress if p.stage == Stage.FIT and p.step_ns > 0]
    assert [p.step for p in steps][-1] == 11
    assert {(p.batch_size, p.steps_per_epoch) for p in steps} == {(32, 4)}
    fit = next(
        data["where"]
        for data in armed.events(EventKind.STAGE_BEGIN)
        if data["stage"] == "FIT"
    )
    lines = (armed.folder / "train.py").read_text(encoding="utf-8").splitlines()
    assert "model.fit(" in lines[fit["line"] - 1]
    assert [fit["line"], lines[fit["line"] - 1]] in fit["excerpt"]
    _assert_models(armed.dump.blobs["models"].data)


def _assert_models(blob: dict[str, Any]) -> None:
    (model,) = blob["models"]
    assert (model["class"], model["parameters"]) == ("Sequential", 8 * 16 + 16 + 17)
    assert model["weights_bytes"] == 4 * model["parameters"]
    assert [layer["parameters"] for layer in model["layers"]] == [144, 17]
    assert model["optimizer"]["bytes"] > 2 * model["weights_bytes"]
    sizes = {(b["stage"], b["batch_size"]) for b in blob["batches"]}
    assert {("FIT", 32), ("FIT", 4), ("EVALUATE", 32), ("PREDICT", 32)} <= sizes
    data = {entry["name"]: entry for entry in blob["data"]}
    assert data["x"]["dtype"] == "float64"
    assert data["x"]["bytes"] == 100 * 8 * 8
    assert data["x"]["shape"] == [100, 8]


LOOP = """
import tensorflow as tf
import kerascrash.arm  # after the frameworks
model = keras.Sequential([keras.layers.Dense(2)])
optimizer = keras.optimizers.SGD()
x = tf.ones((4, 3))

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x))
    weights = model.trainable_weights
    optimizer.apply(tape.gradient(loss, weights), weights)

for _ in range(5):
    step()
model.evaluate(x, x[:, :2], verbose=0) if model.compiled else None
graph_step = tf.function(step)
for _ in range(7):
    graph_step()
model.compile("sgd", "mse")
for _ in range(3):
    model.train_on_batch(x, x[:, :2])
"""


@pytest.mark.crash
def test_custom_loops_have_steps_even_armed_after_keras(run_script: RunScript) -> None:
    run = run_script("import keras\n" + LOOP + DIE)
    assert run.err == ""
    assert run.events(EventKind.HOOK_FAILED) == []
    steps = [
        p.step for p in run.dump.progress if p.stage == Stage.CUSTOM and p.step >= 0
    ]
    assert max(steps) == 5 + 7 + 3 - 1
    assert "CUSTOM" in run.stages()


FAILING_FIT = """
import numpy as np
import keras
x = np.ones((64, 4), "float32")
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            raise RuntimeError("from a callback")

keras.callbacks.TensorBoard("logs")
for _ in range(2):
    try:
        model.fit(x, x[:, :1], batch_size=8, verbose=0, callbacks=[Stop()])
    except RuntimeError as error:
        print(error)
model.fit(x, x[:, :1], batch_size=8, verbose=0)
"""


@pytest.mark.crash
def test_a_fit_left_by_an_exception_is_over(run_script: RunScript) -> None:
    run = run_script(ARM + FAILING_FIT + DIE)
    assert run.out == "from a callback\n" * 2
    (log_dir,) = run.events(EventKind.LOG_DIR)
    assert log_dir["path"] == str(run.folder / "logs")
    ends = [e for e in run.events(EventKind.STAGE_END) if e["stage"] == "FIT"]
    assert [end["ok"] for end in ends] == [False, False, True]
    assert run.dump.progress[-1].stage == Stage.NONE


UNWRITABLE = """
import keras
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
for _ in range(3):
    try:
        model.save("absent/model.keras")
    except OSError as error:
        print("refused")
"""


@pytest.mark.crash
def test_a_checkpoint_that_failed_is_named_and_the_error_is_the_users(
    run_script: RunScript,
) -> None:
    run = run_script(ARM + UNWRITABLE + DIE)
    assert run.out == "refused\n" * 3
    assert run.events(EventKind.CHECKPOINT) == []
    assert run.events(EventKind.HOOK_FAILED) == []
    ends = [e for e in run.events(EventKind.STAGE_END) if e["stage"] == "CHECKPOINT"]
    failed = {"stage": "CHECKPOINT", "ok": False,
              "path": str(run.folder / "absent" / "model.keras")}  # fmt: skip
    assert ends == [failed] * 3
    begun = [
        e["where"]
        for e in run.events(EventKind.STAGE_BEGIN)
        if e["stage"] == "CHECKPOINT"
    ]
    assert ["excerpt" in where for where in begun] == [True, False, False]


HUGE = """
import resource
import keras
keras.layers.Dense(4)(keras.Input((4,)))
import kerascrash.record.arming as arming
limit = 3 << 30
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + limit, used + limit))
inputs = keras.Input((30_000,))
hidden = keras.layers.Dense(40_000, name="enormous")(inputs)
"""


@pytest.mark.crash
def test_a_weight_too_big_to_be_made_is_in_the_dump(run_script: RunScript) -> None:
    run = run_script(ARM + HUGE)
    assert run.code != 0
    models = run.dump.blobs["models"].data["models"]
    (building,) = [m for m in models if not m["built"]]
    assert building["weights_bytes"] >= 30_000 * 40_000 * 4
    assert "enormous" in building["layers"][-1]["name"]
    lines = (run.folder / "train.py").read_text(encoding="utf-8").splitlines()
    assert "enormous" in lines[building["place"]["line"] - 1]
    stages = run.events(EventKind.STAGE_BEGIN)
    assert "BUILD" in {s["stage"] for s in stages}


DISTRIBUTED = """
import json, random, time
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(7)
cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    layers = keras.layers
    model = keras.Sequential([layers.Dense(16), layers.Dropout(0.5), layers.Dense(1)])
    model.compile("adam", "mse")
x = np.random.rand(128, 8).astype("float32")
kept = []
class Slow(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        kept.append(np.zeros(200_000))
        time.sleep(0.3)
history = model.fit(x, x[:, :1], 32, epochs=3, verbose=0, callbacks=[Slow()])
numbers = random.random(), float(np.random.rand()), float(tf.random.uniform(()))
print(json.dumps([history.history, numbers, strategy.num_replicas_in_sync]))
"""


@pytest.mark.crash
def test_copies_of_a_model_that_is_looked_at_compute_what_they_do_unarmed(
    run_script: RunScript,
) -> None:
    """``tf.distribute``, for long enough that what the script holds is looked at."""
    armed = run_script(ARM + DISTRIBUTED + DIE)
    plain = run_script(DISTRIBUTED, name="plain.py")
    assert json.loads(armed.out) == json.loads(plain.out)
    assert json.loads(plain.out)[2] == 2
    assert armed.events(EventKind.HOOK_FAILED) == []
    inventory = armed.dump.blobs["inventory"].data
    assert "kept" in {entry["owner"] for entry in inventory["entries"]}
    steps = [p.step for p in armed.dump.progress if p.stage == Stage.FIT]
    assert max(steps) == 11


KEPT = """
import signal
import keras
keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
signal.setitimer(signal.ITIMER_REAL, 2.0)
sum(range(1 << 60))  # nobody else comes to run, up to the death by SIGALRM
"""


@pytest.mark.crash
def test_a_build_is_over_though_the_call_after_it_keeps_the_interpreter(
    run_script: RunScript,
) -> None:
    run = run_script(ARM + KEPT)
    assert run.code == -signal.SIGALRM
    case = read_case(run.dumps[-1])
    assert isinstance(case.recording, Recording)
    assert open_stages(case.recording) == []
    stages = [mark for mark in case.recording.marks if "stage" in mark.data]
    names = [(mark.kind, mark.data["stage"]) for mark in stages]
    assert names[:2] == [("stage_begin", "IMPORT"), ("stage_end", "IMPORT")]
    assert names[-2:] == [("stage_begin", "BUILD"), ("stage_end", "BUILD")]
    assert case.death is not None
    assert case.death - stages[-1].time > 1.5


GAN = """
import tensorflow as tf
import keras
critic, maker = (keras.Sequential([keras.layers.Dense(1)]) for _ in range(2))
of_critic, of_maker = keras.optimizers.SGD(), keras.optimizers.SGD()
x = tf.ones((4, 1))

def update(model, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x))
    weights = model.trainable_weights
    optimizer.apply(tape.gradient(loss, weights), weights)

for _ in range(6):
    update(critic, of_critic)
    update(maker, of_maker)
update_critic, update_maker = tf.function(update), tf.function(update)
for _ in range(5):
    update_critic(critic, of_critic)
    update_maker(maker, of_maker)
for _ in range(4):
    update_maker(maker, of_maker)
"""


@pytest.mark.crash
def test_optimizers_that_take_turns_make_one_step(run_script: RunScript) -> None:
    run = run_script(ARM + GAN + DIE)
    assert run.events(EventKind.HOOK_FAILED) == []
    steps = [p.step for p in run.dump.progress if p.stage == Stage.CUSTOM]
    # one may be missed where one way of stepping takes over from another
    assert 6 + 5 + 4 - 1 <= max(steps) + 1 <= 6 + 5 + 4


COPIES = """
import copy, pickle
import numpy as np
import keras
x = np.ones((8, 2), "float32")
model = keras.Sequential([keras.layers.Dense(2)])
model.compile("sgd", "mse")
many = keras.callbacks.CallbackList(add_history=True, model=model)
model.fit(x, x, verbose=0, callbacks=many)
assert type(pickle.loads(pickle.dumps(many.callbacks))) is list
copied = copy.deepcopy(many.callbacks)
for callback in copied:
    callback.on_epoch_begin(0)
twin = pickle.loads(pickle.dumps(copy.deepcopy(model)))
assert all(map(np.array_equal, twin.get_weights(), model.get_weights()))
print("copied")
"""


@pytest.mark.crash
def test_models_and_callbacks_can_be_copied_and_pickled(run_script: RunScript) -> None:
    run = run_script(ARM + COPIES)
    assert (run.out, run.err) == ("copied\n", "")


INPUTS = """
import keras
import tensorflow as tf
one, two = keras.Input((8,), name="one"), keras.Input((3,), name="two")
made = keras.layers.Concatenate()([one, two])
model = keras.Model({"one": one, "two": two}, keras.layers.Dense(1)(made))
model.compile("sgd", "mse")
x = {"one": tf.ones((64, 8)), "two": tf.ones((64, 3))}
data = tf.data.Dataset.from_tensor_slices((x, tf.ones((64, 1)))).batch(16)
model.fit(data, verbose=0)
"""


@pytest.mark.crash
def test_each_input_of_a_data_set_is_recorded(run_script: RunScript) -> None:
    pytest.importorskip("tensorflow")
    armed = run_script(ARM + INPUTS + DIE)
    (batch,) = armed.dump.blobs["models"].data["batches"]
    assert batch["batch_size"] == 16
    assert batch["shapes"] == [
        ["x['one']", [None, 8], "float32"],
        ["x['two']", [None, 3], "float32"],
        ["y", [None, 1], "float32"],
    ]
