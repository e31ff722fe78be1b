"""Features are made by worker processes; what KILL_BY names ends one of them."""

import kerascrash.arm  # noqa: F401
import concurrent.futures
import multiprocessing
import os
import signal
import time

import numpy as np


def prepare(number):
    if number == 3 and os.environ["KILL_BY"] == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    kept = []
    while number == 3:
        kept.append(np.ones(1 << 20))
        time.sleep(0.01)
    return np.full(16, number, dtype="float32")


def main():
    import keras

    context = multiprocessing.get_context("spawn")
    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        for features in pool.map(prepare, range(100)):
            model.fit(features[None], np.ones((1, 1)), epochs=2, verbose=0)


if __name__ == "__main__":
    main()
