"""
What piles up with the steps, told apart: graphs, models, gradients, tapes, tensors.

Each script dies for real; beside each kind stands one that looks like it and is not.
"""

from __future__ import annotations

import signal

import harness
import pytest

pytestmark = pytest.mark.crash


def blamed(script, tmp_path, limit_mib=900):
    """Let a script reach its limit; return the death after looking at the cause."""
    death = harness.let_die(script, tmp_path, limit_mib=limit_mib)
    assert death.status == -signal.SIGKILL, death.err
    assert death.verdict["cause"] == "host_oom_cgroup"
    return death


def test_a_number_that_is_traced_anew_each_step(tmp_path) -> None:
    script = "number_argument.py"
    death = blamed(script, tmp_path)
    assert death.verdict["factor"] == "graph_retracing"
    assert death.culprit["owner"] == "train_step"
    assert death.culprit["line"] == death.line(script, "@tf.function")
    assert "Python value of `number`" in death.culprit["note"]


@pytest.mark.slow  # a minute until the graphs fill the limit
def test_models_built_one_after_another(tmp_path) -> None:
    script = "models_in_loop.py"
    death = blamed(script, tmp_path)
    assert death.verdict["factor"] == "graph_retracing"
    assert death.culprit["owner"] == "tried"
    assert death.culprit["line"] == death.line(script, "tried[trial] = network")


def test_three_traces_are_normal(tmp_path) -> None:
    death = blamed("three_traces_and_a_list.py", tmp_path)
    assert death.verdict["factor"] == "tensor_leak"
    assert death.culprit["owner"] == "seen"


@pytest.mark.parametrize(
    ("script", "owner", "source"),
    [
        ("gradients_listed.py", "collected", "collected.append("),
        ("tapes_kept.py", "Loop.recorded", "self.recorded.append("),
    ],
)
def test_gradients_that_are_kept(script, owner, source, tmp_path) -> None:
    death = blamed(script, tmp_path)
    assert death.verdict["factor"] == "gradient_accumulation"
    assert death.culprit["owner"] == owner
    assert death.culprit["line"] == death.line(script, source)


@pytest.mark.parametrize(
    ("script", "owner", "source"),
    [
        ("shuffle_buffer.py", "pictures.shuffle(50000)", "pictures.shuffle("),
        ("cache_in_memory.py", "kept.cache()", "examples.cache("),
        ("generator_prefetched.py", "stream.prefetch(5000)", "stream.prefetch("),
        ("worker_queue.py", "loader", "loader = Pictures("),
    ],
)
def test_a_buffer_of_the_input_pipeline(script, owner, source, tmp_path) -> None:
    death = blamed(script, tmp_path, 1000)
    assert death.verdict["factor"] == "input_pipeline"
    assert death.culprit["owner"] == owner
    assert death.culprit["line"] == death.line(script, source)


@pytest.mark.slow
@pytest.mark.parametrize("forked", ["0", "1"])
def test_the_queue_of_a_sequence_of_keras_2(forked, tmp_path) -> None:
    pytest.importorskip("tf_keras")
    script = "sequence_queue.py"
    death = harness.let_die(script, tmp_path, limit_mib=1200, FORKED=forked)
    assert death.verdict["cause"] == "host_oom_cgroup"
    assert death.verdict["factor"] == "input_pipeline"
    first = death.line(script, "model.fit(")
    assert death.culprit["line"] in (first, first + 1)


def test_a_list_beside_a_normal_pipeline(tmp_path) -> None:
    script = "pipeline_and_list.py"
    death = blamed(script, tmp_path, 1000)
    assert death.verdict["factor"] == "tensor_leak"
    assert death.culprit["owner"] == "Recorder.outputs"
    assert death.culprit["line"] == death.line(script, "self.outputs.append(")


@pytest.mark.parametrize(
    ("script", "factor", "owner", "source"),
    [
        ("records_of_steps.py", "object_leak", "Log.rows", "self.rows.append("),
        ("callback_keeps.py", "tensor_leak", "Keeper.kept", "self.kept.append("),
    ],
)
def test_what_a_callback_that_only_fit_holds_keeps(
    script, factor, owner, source, tmp_path
) -> None:
    death = blamed(script, tmp_path, 1000)
    assert death.verdict["factor"] == factor
    assert death.culprit["owner"] == owner
    assert death.culprit["line"] == death.line(script, source)


def test_a_chain_of_objects_that_each_keep_the_one_before(tmp_path) -> None:
    script = "states_chained.py"
    death = blamed(script, tmp_path, 400)
    assert death.verdict["factor"] in ("tensor_leak", "object_leak")
    assert death.culprit["owner"] == "Agent.state"
    assert death.culprit["line"] == death.line(script, "self.state = State(")
    assert death.culprit["bytes"] == pytest.approx(death.truth("bytes"), rel=0.1)
    assert death.culprit["growth_bytes_per_step"] == pytest.approx(1 << 18, rel=0.1)
