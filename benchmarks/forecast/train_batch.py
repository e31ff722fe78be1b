"""
Train one configuration for a few steps at any batch size, armed.

    python train_batch.py ARCHITECTURE OPTIMIZER MODE BATCH

The data set is as small as can be: what differs between two runs is the batch.
"""

from __future__ import annotations

import sys

import kerascrash.arm  # noqa: F401

SAMPLES, STEPS = 64, 20


def main() -> None:
    name, optimizer, mode, batch = sys.argv[1:5]
    import tensorflow as tf
    from networks import MAKERS

    model, loss, x, y = MAKERS[name](SAMPLES)
    model.compile(
        optimizer, loss, run_eagerly=mode == "eager", jit_compile=mode == "xla"
    )
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(int(batch))
    model.fit(data, steps_per_epoch=STEPS, verbose=0)


if __name__ == "__main__":
    main()
