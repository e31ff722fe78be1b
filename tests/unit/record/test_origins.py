"""The calls that made what a line puts away, found in the source alone."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from kerascrash.record.origins import origins

SOURCE = dedent(
    """
    def step(x):
        with tf.GradientTape() as tape:
            loss = f(x)
        grads = tape.gradient(loss, w)
        return loss, grads

    def keep(store, item):
        store.append(item)

    def train():
        loss, grads = step(x)
        losses.append(loss)
        whole.append(grads)
        copies.append([g.numpy() for g in grads])
        for g, v in zip(grads, w):
            single.append(g)
        norm = tf.linalg.global_norm(grads)
        norms.append(norm)
        clipped, n = tf.clip_by_global_norm(grads, 1.0)
        flat += clipped
        slots[i] = tape.gradient(loss, w)
        keep(stash, grads)
        grads = grads
        (much, aux), slope = jax.value_and_grad(f, has_aux=True)(w)
        values.append(aux)
        slopes.append(slope)
    """
)


@pytest.mark.parametrize(
    ("text", "made_by"),
    [
        ("store.append(item)", ["tape.gradient"]),
        ("losses.append(loss)", ["f"]),
        ("whole.append(grads)", ["tape.gradient"]),
        ("copies.append(", ["tape.gradient"]),
        ("single.append(g)", ["tape.gradient"]),
        ("norms.append(norm)", ["tf.linalg.global_norm"]),
        ("flat += clipped", ["tape.gradient"]),
        ("slots[i] =", ["tape.gradient"]),
        ("values.append(aux)", []),
        ("slopes.append(slope)", ["jax.value_and_grad"]),
    ],
)
def test_what_made_the_value(text, made_by) -> None:
    (line,) = [n for n, row in enumerate(SOURCE.splitlines(), 1) if text in row]
    assert origins(ast.parse(SOURCE), line) == made_by
