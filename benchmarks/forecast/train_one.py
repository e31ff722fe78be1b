"""
Train one configuration for thirty steps (or STEPS), armed, and print what it took.

    python train_one.py ARCHITECTURE OPTIMIZER MODE BATCH [STEPS]

MODE is ``graph`` (what Keras does on a CPU by itself), ``eager`` or ``xla``. Printed:
one JSON line with resident bytes after the imports and one dummy operation (``base``),
at the peak (``peak``), those of them that are pages of files (``mapped``), and the
peak of TensorFlow's own pool (``pool``), where ``TF_CPU_ALLOCATOR_USE_BFC`` is set.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import kerascrash.arm  # noqa: F401

STEPS = 30


def status(name: str) -> int:
    """Return a field of /proc/self/status in bytes."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in text.splitlines() if name in row) << 10


def main() -> None:
    name, optimizer, mode, batch = sys.argv[1:5]
    import tensorflow as tf
    from measure import BATCHES
    from networks import MAKERS

    float(tf.reduce_sum(tf.ones((8, 8))))
    base = status("VmRSS")
    samples = 2 * max(BATCHES[name])
    model, loss, x, y = MAKERS[name](samples)
    model.compile(
        optimizer,
        loss,
        run_eagerly=mode == "eager",
        jit_compile=mode == "xla",
    )
    steps = samples // int(batch)
    wanted = int(sys.argv[5]) if len(sys.argv) > 5 else STEPS
    epochs, whole = divmod(wanted, steps)
    if epochs:
        model.fit(x, y, int(batch), epochs=epochs, verbose=0)
    else:
        x, y = x[: whole * int(batch)], y[: whole * int(batch)]
        model.fit(x, y, int(batch), verbose=0)
    told = {"base": base, "peak": status("VmHWM"), "mapped": status("RssFile")}
    if os.environ.get("TF_CPU_ALLOCATOR_USE_BFC"):
        told["pool"] = tf.config.experimental.get_memory_info("CPU:0")["peak"]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
