"""Blocks of many sizes, every other one freed; then a request that fits no hole."""

import os

import tensorflow as tf

logdir = os.environ.get("TRACE_DIR")
if logdir:
    tf.profiler.experimental.start(logdir)
try:
    cache = {}
    total = 0
    index = 0
    while total < 370 << 20:
        rows = 2 + index % 5  # 2 to 6 MiB
        cache[index] = tf.zeros((rows, 1 << 18))
        total += rows << 20
        index += 1
    for key in list(cache)[::2]:
        del cache[key]
    print(f"{len(cache)} of {index} blocks kept", flush=True)
    merged = tf.ones((48, 1 << 18))  # 48 MiB; about half the pool is free
    print(float(merged[0, 0]))
finally:
    if logdir:
        tf.profiler.experimental.stop()
