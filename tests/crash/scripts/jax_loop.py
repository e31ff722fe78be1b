"""A training loop of JAX alone: every step's result goes into a list."""

import kerascrash.arm  # noqa: F401
import time
import jax
import jax.numpy as jnp


@jax.jit
def train_step(weights, x):
    slope = jax.grad(lambda w: jnp.mean((x @ w) ** 2))(weights)
    return weights - 0.1 * slope, jnp.outer(x[0], x[1])


def train():
    history = []
    weights = jnp.ones((1024, 8))
    for step in range(100_000):
        x = jax.random.normal(jax.random.PRNGKey(step), (64, 1024))
        weights, products = train_step(weights, x)
        history.append(products)
        products.block_until_ready()
        print("TRUTH bytes", len(history) << 22, flush=True)
        time.sleep(0.005)


train()
