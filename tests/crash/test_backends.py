"""Deaths on JAX and PyTorch, with Keras and without: owner, bytes and line as ever."""

from __future__ import annotations

import harness
import pytest

pytestmark = pytest.mark.crash

DEATHS = {
    # script, needs, environment: owner, what its line has
    ("backend_callback.py", "jax", True): ("Keeper.kept", "self.kept.append("),
    ("backend_callback.py", "torch", True): ("Keeper.kept", "self.kept.append("),
    ("jax_loop.py", "jax", False): ("history", "history.append("),
    ("torch_trainer.py", "torch", False): ("Trainer.outputs", "self.outputs.append("),
}


@pytest.mark.parametrize(("script", "library", "keras"), DEATHS)
def test_a_list_of_tensors(script, library, keras, tmp_path) -> None:
    pytest.importorskip(library)
    owner, source = DEATHS[script, library, keras]
    environment = {"KERAS_BACKEND": library} if keras else {}
    death = harness.let_die(script, tmp_path, limit_mib=1200, **environment)
    verdict = death.verdict
    assert (verdict["cause"], verdict["factor"]) == ("host_oom_cgroup", "tensor_leak")
    assert death.culprit["owner"] == owner
    assert death.culprit["line"] == death.line(script, source)
    assert death.culprit["bytes"] == pytest.approx(death.truth("bytes"), rel=0.1)
    assert death.culprit["growth_bytes_per_step"] == pytest.approx(1 << 22, rel=0.1)


def test_losses_that_keep_their_computations(tmp_path) -> None:
    pytest.importorskip("torch")
    death = harness.let_die("torch_losses.py", tmp_path, limit_mib=900)
    assert death.verdict["factor"] == "tensor_leak"
    assert death.culprit["owner"] == "losses"
    assert death.culprit["line"] == death.line("torch_losses.py", "losses.append(")
    # What the C library does not give back of freed intermediate results is there too.
    held = death.truth("bytes")
    assert 0.9 * held < death.culprit["bytes"] < 2 * held


def test_arrays_of_a_jax_loop_are_no_data_set(tmp_path) -> None:
    pytest.importorskip("jax")
    death = harness.let_die("jax_arrays.py", tmp_path, limit_mib=900)
    assert death.verdict["factor"] == "tensor_leak"
    assert death.culprit["owner"] == "seen"
    assert death.culprit["line"] == death.line("jax_arrays.py", "seen.append(")
    assert death.culprit["growth_per"] == "step"
    assert death.culprit["growth_bytes_per_step"] == pytest.approx(1 << 22, rel=0.1)
    assert death.report["progress"]["step"] == pytest.approx(
        death.truth("steps"), abs=2
    )
