"""Accumulates the gradients of eight batches, applies them and begins anew."""

import kerascrash.arm  # noqa: F401
import tensorflow as tf
from training import apply, gradients, model, steps

total = [tf.zeros_like(weight) for weight in model.trainable_variables]
for number in steps():
    total = [a + b for a, b in zip(total, gradients(), strict=True)]
    if number % 8 == 7:
        apply(total)
        total = [tf.zeros_like(weight) for weight in model.trainable_variables]
