"""Loops of JAX alone: each call of what takes a gradient is a step, nothing else is."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.dump.records import EventKind, Stage

RunScript = Callable[..., Any]
pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="jax is not installed"
    ),
]
ARM = "import kerascrash.arm\n"
DIE = "import os; os.kill(os.getpid(), 9)\n"
START = """
import functools
import jax
import jax.numpy as jnp

def loss(weights, x):
    return jnp.mean((x @ weights) ** 2)

@jax.jit
def whole(weights, x):
    return weights - 0.1 * jax.grad(loss)(weights, x)

slopes = jax.jit(jax.value_and_grad(loss))

@jax.jit
def update(weights, slope):
    return weights - 0.1 * slope

@jax.jit
def judge(weights, x):
    return loss(weights, x)

class Trainer:
    @functools.partial(jax.jit, static_argnums=0)
    def step(self, weights, x):
        return weights - 0.1 * jax.grad(loss)(weights, x)

trainer = Trainer()
weights = jnp.ones((16, 4))
x = jnp.linspace(0.0, 1.0, 128).reshape(8, 16)
"""
LOOPS = {
    "compiled": "weights = whole(weights, x)",
    "gradient compiled": "weights = update(weights, slopes(weights, x)[1])",
    "method": "weights = trainer.step(weights, x)",
    "nothing compiled": "weights = weights - 0.1 * jax.grad(loss)(weights, x)",
    "two in turns": "weights = trainer.step(whole(weights, x), x)",
}


def loop(body: str, also: str = "judge(weights, x)") -> str:
    return f"for _ in range(30):\n    {body}\n    {also}\n"


@pytest.mark.parametrize("how", LOOPS)
def test_steps_and_stage(how: str, run_script: RunScript) -> None:
    body = START + loop(LOOPS[how]) + "print(weights.tolist())\n"
    armed = run_script(ARM + body + DIE)
    assert armed.events(EventKind.HOOK_FAILED) == []
    last = armed.dump.progress[-1]
    assert (last.stage, last.step) == (Stage.CUSTOM, 29)
    if how == "compiled":
        assert armed.out == run_script(body, name="plain.py").out


def test_what_takes_no_gradient_and_what_checks_for_nan(run_script: RunScript) -> None:
    """A loop that only evaluates has no steps; the user's own hook stays his."""
    nothing = loop("judge(weights, x)")
    checked = (
        "jax.config.update('jax_debug_nans', True)\n"
        + loop(LOOPS["compiled"], "pass")
        + "try:\n    jax.jit(jnp.log)(jnp.float32(-1))\n"
        "    jax.jit(jnp.log)(jnp.float32(-1))\n"
        "except FloatingPointError:\n    print('NaN')\n"
    )
    armed = run_script(ARM + START + nothing + DIE)
    assert armed.dump.progress == [] or armed.dump.progress[-1].step == -1
    checks = run_script(ARM + START + checked + DIE, name="checks.py")
    assert checks.out.endswith("NaN\n")  # JAX says what it does before that
    assert checks.events(EventKind.HOOK_FAILED) == []
