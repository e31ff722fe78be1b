"""Why memory ran out: each factor where it is true, and a near-miss where it is not."""

from __future__ import annotations

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.factors import load_factors
from kerascrash.model.case import ExitStatus

MIB = 1 << 20
FIT = "    model.fit(x, y, batch_size=4096, epochs=3)"
RUNNING = ("keras/src/utils/traceback_utils.py", "error_handler")
EXECUTE = ("tensorflow/python/eager/execute.py", "quick_execute")


def layer(name, parameters, shape, **more):
    return {"name": name, "class": "Dense", "parameters": parameters,
            "weights_bytes": 4 * parameters, "output_shape": shape,
            "dtype": "float32", **more}  # fmt: skip


def model(*layers, optimizer="Adam", **more):
    parameters = sum(one["parameters"] for one in layers)
    return {"name": "sequential", "class": "Sequential", "parameters": parameters,
            "trainable_parameters": parameters, "weights_bytes": 4 * parameters,
            "layers": list(layers), "optimizer": {"class": optimizer, "bytes": 16},
            **more}  # fmt: skip


def too_large_a_batch(training, **more):
    builder = training(seconds=12).grows((9, 450), (11, 450), (12, 1530))
    builder.runs(10.9, step=0, step_in_epoch=0, batch_size=4096, **more)
    conv = layer("conv", 900, [None, 128, 128, 16])
    builder.models = {"models": [model(conv, layer("out", 160, [None, 10]))]}
    builder.at_line(FIT, EXECUTE, RUNNING)
    return builder.dies_of_limit()


def test_batch_size(training) -> None:
    diagnosis = diagnose(too_large_a_batch(training).build())
    verdict = diagnosis.verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "batch_size")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "model.fit(batch_size=4096)"
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 20
    assert verdict.advice[0].action.startswith("Use batch_size=")
    assert verdict.advice[0].saves_bytes


def test_a_batch_that_has_run_for_long_is_not_to_blame(leaking) -> None:
    builder = leaking
    conv = layer("conv", 900, [None, 128, 128, 16])
    builder.models = {"models": [model(conv)]}
    builder.runs(9, step=280, step_in_epoch=280, batch_size=4096)
    assert diagnose(builder.build()).verdict.factor == "tensor_leak"


def test_a_batch_of_a_custom_step_is_placed_at_the_fit(training) -> None:
    builder = too_large_a_batch(training)
    frames = builder.stacks["threads"][0]["frames"]
    own = {"file": "/home/ada/train.py", "line": 7, "function": "train_step",
           "user": True, "source": "return super().train_step(data)"}  # fmt: skip
    frames.insert(0, own)
    frames.insert(0, dict(frames[2], function="train_step"))
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.owner == "model.fit(batch_size=4096)"


def too_large_a_model(training):
    builder = training(seconds=12).grows((9, 700), (11, 700), (12, 1530))
    builder.runs(10.9, step=0, step_in_epoch=0, batch_size=8)
    layers = (layer("mix", 67_000_000, [None, 8192]), layer("out", 8192, [None, 1]))
    builder.models = {"models": [model(*layers)]}
    builder.at_line("    model.fit(x, y, batch_size=8)", EXECUTE, RUNNING)
    return builder.dies_of_limit()


def test_model_size(training) -> None:
    verdict = diagnose(too_large_a_model(training).build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "model_size")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "sequential.mix"
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 20
    assert "mix" in verdict.advice[0].action
    assert not [a for a in verdict.advice if "batch_size=" in a.action]


def test_model_size_while_it_is_being_built(training) -> None:
    builder = training(seconds=6).grows((4, 450), (6, 1530))
    builder.event(4, "stage_begin", stage="build")
    builder.inventory_at = 4.0
    builder.at_line(
        "model = keras.Sequential([keras.Input((9000,)), keras.layers.Dense(90000)])",
        ("tensorflow/python/ops/random_ops.py", "random_uniform"),
        ("keras/src/initializers/random_initializers.py", "__call__"),
        ("keras/src/layers/layer.py", "add_weight"),
    )
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "model_size")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "model"


def test_data_size_with_dtype_as_second_factor(training) -> None:
    builder = training(seconds=10).grows((5, 420), (10, 1530))
    builder.inventory_at = 9.5
    builder.holds(
        "images", 1500 * MIB, kind="ndarray 15,000 × 64 × 64 × 3",
        dtypes={"float64": 1500 * MIB}, place_how="assign",
        place={"file": "/home/ada/train.py", "line": 5, "function": "load",
               "excerpt": [[5, "    images = np.empty((n, 64, 64, 3))"]]},
    )  # fmt: skip
    builder.at_line("    images[start:stop] = decode(start, stop)")
    diagnosis = diagnose(builder.dies_of_limit().build())
    verdict = diagnosis.verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "data_size")
    assert verdict.second_factor == "dtype"
    assert [one.id for one in diagnosis.factors[:2]] == ["data_size", "dtype"]
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "images"
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 5
    saved = [one.saves_bytes for one in verdict.advice if "instead of" in one.action]
    assert saved[0] == 750 * MIB


def scaled_images(training, line: str):
    builder = training(seconds=10).grows((5, 420), (10, 1530))
    builder.holds("raw", 120 * MIB, dtypes={"uint8": 120 * MIB}, place_how="assign")
    builder.holds(
        "images", 960 * MIB, dtypes={"float64": 960 * MIB}, place_how="assign",
        place={"file": "/home/ada/train.py", "line": 5, "function": "load",
               "excerpt": [[5, line]]},
    )  # fmt: skip
    builder.inventory_at = 9.5
    builder.at_line("model.fit(images, labels)", EXECUTE, RUNNING)
    return builder.dies_of_limit().build()


@pytest.mark.parametrize(
    ("line", "factor"),
    [
        ("images = raw / 255.0", "dtype"),
        ("images = load(path).astype('float64')", "dtype"),
        ("images = load_images(path)", "data_size"),  # nothing says that it is a slip
        ("images = draw(raw_count, 96)", "data_size"),  # of another name
    ],
)
def test_data_that_a_line_made_wider_than_they_were(training, line, factor) -> None:
    verdict = diagnose(scaled_images(training, line)).verdict
    assert verdict.factor == factor
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "images"


REFUSED = "Unable to allocate {} for an array with shape ({}) and data type float32"


@pytest.mark.parametrize(
    ("said", "held", "factor"),
    [
        (REFUSED.format("34.3 GiB", "6000, 6000, 256"), 6 * MIB, "tensor_ops"),
        # hardly more than what is there already: the data are too large, not the line
        (REFUSED.format("1.17 GiB", "6000, 52428"), 600 * MIB, "data_size"),
    ],
)
def test_a_result_that_was_refused(training, said, held, factor) -> None:
    builder = training(seconds=10).grows((5, 420), (9, 420 + held / MIB))
    builder.inventory_at = 9.5
    builder.holds("a", held, dtypes={"float32": held}, place_how="assign")
    where = {"file": "/home/ada/train.py", "line": 20, "function": "main"}
    builder.event(10, "exception", type="MemoryError", message=said, where=where)
    builder.at_line("distances = a[:, None, :] - b[None, :, :]")
    builder.exit = ExitStatus(code=1, known_by="pidfd")
    verdict = diagnose(builder.build()).verdict
    assert (verdict.cause, verdict.factor) == ("alloc_failure", factor)


@pytest.mark.parametrize(("steps", "factor"), [(40, True), (2, False)])
def test_a_tape_that_stays_open(training, steps, factor) -> None:
    builder = training(seconds=20).grows((10, 400), (20, 1530)).runs(9, step=40)
    builder.holds(
        "tape", 56, type="GradientTape", kind="GradientTape", count=steps,
        history=[[0, 1e9, 56], [steps, 1e9 + 9, 56]],
    )  # fmt: skip
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.factor == "gradient_accumulation") is factor


def test_data_size_of_an_array_that_no_scan_has_seen(training) -> None:
    builder = training(seconds=8).grows((6, 420), (8, 1530))
    builder.inventory_at = 6.0
    builder.at_line("images = np.random.rand(20000, 128, 128, 3)")
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "dtype")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "images"


def test_narrow_data_is_no_matter_of_dtype(training) -> None:
    builder = training(seconds=10).grows((5, 420), (10, 1530))
    builder.holds("images", 1100 * MIB, dtypes={"uint8": 1100 * MIB})
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "none")


def test_small_data_beside_a_leak_is_not_to_blame(leaking) -> None:
    leaking.holds("x_train", 60 * MIB, dtypes={"float64": 60 * MIB})
    verdict = diagnose(leaking.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("tensor_leak", "none")


def test_a_list_filled_before_the_first_step_is_data(training) -> None:
    builder = training(seconds=20).grows((10, 400), (20, 1530))
    builder.holds_list(
        "images", 4_000_000, [10, 90, 180, 270],
        element={"type": "ndarray", "dtype": "float32"},
    )  # fmt: skip
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "data_size"


def test_arrays_kept_by_a_callback_are_a_leak(training) -> None:
    builder = training(seconds=20).grows((10, 400), (20, 1530))
    builder.runs(9, step=280)
    builder.holds_list(
        "Keeper.kept", 4_000_000, [10, 90, 180, 270],
        element={"type": "ndarray", "dtype": "float32"},
    )  # fmt: skip
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "tensor_leak"


def test_object_leak(training) -> None:
    builder = training(seconds=20).grows((10, 400), (20, 1530)).runs(9, step=9000)
    builder.holds_list(
        "log", 4_000, [10_000, 90_000, 180_000, 270_000], element={"type": "dict"}
    )
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "object_leak"


def test_gradients_that_are_kept(leaking) -> None:
    entry = leaking.inventory["entries"][0]
    entry["owner"] = "kept_gradients"
    verdict = diagnose(leaking.build()).verdict
    assert verdict.factor == "gradient_accumulation"


def test_a_container_that_stays_is_no_leak(training) -> None:
    builder = too_large_a_batch(training)
    builder.holds_list("cache", 4_000_000, [20, 20, 20, 20])
    verdict = diagnose(builder.build()).verdict
    assert verdict.factor == "batch_size"


def test_other_process(training) -> None:
    builder = training(seconds=20).grows((8, 500), (20, 505)).runs(8, step=400)
    builder.others = [(0.0, 0), (10.0, 0), (20.0, 1031 * MIB)]
    builder.dies_of_limit()
    builder.certificate["biggest"] = [
        {"pid": 99, "comm": "eater", "rss": 1030 * MIB, "same_cgroup": True,
         "growth": 1030 * MIB}
    ]  # fmt: skip
    verdict = diagnose(builder.build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "other_process")
    assert verdict.culprit is not None
    assert "eater" in verdict.culprit.owner
    assert verdict.culprit.place is None


def test_a_small_neighbour_is_not_to_blame(leaking) -> None:
    leaking.certificate["biggest"] = [
        {"pid": 99, "comm": "sshd", "rss": 40 * MIB, "same_cgroup": True}
    ]
    assert diagnose(leaking.build()).verdict.factor == "tensor_leak"


def test_child_process(training) -> None:
    builder = training(seconds=20, extra={"children_rss": 1100 * MIB, "children": 8})
    builder.grows((8, 410), (20, 420)).runs(8, step=400)
    builder.others = [(0.0, 0), (10.0, 0), (20.0, 1100 * MIB)]
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "child_process")


def test_tensor_ops(training) -> None:
    builder = training(seconds=10).grows((9, 420), (10, 1530))
    builder.inventory_at = 8.9
    builder.at_line(
        "    distances = tf.reduce_sum((a[:, None, :] - b[None, :, :]) ** 2, -1)",
        ("tensorflow/python/ops/math_ops.py", "subtract"),
    )
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "tensor_ops")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "distances"


def test_graph_retracing(training) -> None:
    builder = training(seconds=20).grows((10, 400), (20, 1530)).runs(9, step=900)
    builder.event(19, "retrace", function="step", count=880, file="t.py", line=3)
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "graph_retracing"


def test_a_limit_that_the_libraries_fill(training) -> None:
    builder = training(seconds=5, limit=512 * MIB, levels=[(0.0, 50 * MIB)])
    builder.grows((3, 480), (5, 511))
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "hardware"


@pytest.mark.parametrize("signal", [9, 11, 15])
def test_where_memory_was_not_short_no_factor_is_blamed(leaking, signal) -> None:
    """A list grew, but the process died at a third of its limit of another reason."""
    leaking.limit = 8 << 30
    leaking.counters(
        cgroups=[{"path": "/job", "version": 1, "limit": 8 << 30, "peak": 1 << 30,
                  "before": {"oom_kill": 0}, "after": {"oom_kill": 0}}], kills=0
    )  # fmt: skip
    object.__setattr__(leaking.exit, "signal", signal)
    verdict = diagnose(leaking.build()).verdict
    assert verdict.cause not in ("host_oom_cgroup", "host_oom_global")
    assert verdict.factor == "none"


def test_the_catalogue_of_factors_is_whole() -> None:
    names = {rule.id for rule in load_factors()}
    assert names == {
        "model_size", "batch_size", "data_size", "tensor_ops", "dtype",
        "gradient_accumulation", "tensor_leak", "graph_retracing", "input_pipeline",
        "object_leak", "memory_fragmentation", "other_process", "child_process",
        "environment", "hardware", "none",
    }  # fmt: skip


def test_a_forward_pass_outside_fit_is_a_matter_of_its_batch(training) -> None:
    builder = training(seconds=10).grows((9, 520), (10, 1530))
    builder.inventory_at = 8.9
    builder.holds("images", 100 * MIB, element={"shape": [900, 128, 128, 3]})
    conv = layer("conv", 900, [None, 128, 128, 16])
    builder.models = {"models": [model(conv)]}
    builder.at_line(
        "        predictions = net(images, training=True)",
        ("tensorflow/python/ops/nn_ops.py", "conv2d"),
        ("keras/src/layers/layer.py", "__call__"),
    )
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "batch_size")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "net(batch_size=900)"


def test_what_a_loader_returns_has_the_name_of_its_caller(training) -> None:
    builder = training(seconds=8).grows((6, 420), (8, 1530))
    builder.inventory_at = 6.0
    builder.at_line("    return np.random.rand(count, 96, 96, 3)", line=4)
    caller = {"file": "/home/ada/train.py", "line": 30, "function": "<module>",
              "user": True, "source": "images = load_images(50_000)"}  # fmt: skip
    builder.stacks["threads"][0]["frames"].append(caller)
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == "data_size"
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "images"
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 30


@pytest.mark.parametrize(
    ("batch", "length", "factor"),
    [
        (2, 12_000, "tensor_ops"),  # a batch of one would not fit either
        (8, 2_500, "batch_size"),  # of these, some would
        (512, 12_000, "batch_size"),  # nobody asked for that little
    ],
)
def test_one_sample_that_is_too_large_is_not_the_batchs_fault(
    training, batch, length, factor
) -> None:
    builder = training(seconds=12).grows((9, 450), (11, 450), (12, 1530))
    builder.runs(10.9, step=0, step_in_epoch=0, batch_size=batch)
    attention = layer("attention", 900, [None, length, 16], num_heads=2, key_dim=8)
    attention["class"] = "MultiHeadAttention"
    attention["input_shape"] = [None, length, 16]
    builder.models = {"models": [model(attention, layer("out", 32, [None, 2]))]}
    fitting = ("keras/src/backend/tensorflow/trainer.py", "fit")
    builder.at_line(FIT, EXECUTE, fitting, RUNNING)
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == factor
    assert ("one sample smaller" in verdict.advice[0].action) is (
        factor == "tensor_ops"
    )
    assert verdict.culprit is not None
    named = "attention" if factor == "tensor_ops" else f"model.fit(batch_size={batch})"
    assert verdict.culprit.owner == named
