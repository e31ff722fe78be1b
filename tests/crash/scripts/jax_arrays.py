"""A training loop of JAX that keeps each step's predictions as NumPy arrays."""

import kerascrash.arm  # noqa: F401
import time
import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def train_step(weights, x):
    def loss(weights):
        guess = x @ weights
        return jnp.mean(guess**2), guess

    (_, guess), slope = jax.value_and_grad(loss, has_aux=True)(weights)
    return weights - 0.1 * slope, guess


def train():
    seen = []
    weights = jnp.ones((64, 1024))
    x = jnp.ones((1024, 64))
    for step in range(100_000):
        weights, guess = train_step(weights, x)
        seen.append(np.array(guess))
        print("TRUTH steps", step, flush=True)
        time.sleep(0.02)


train()
