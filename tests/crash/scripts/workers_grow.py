"""Workers of the kind that METHOD names keep what they make; the parent trains."""

import kerascrash.arm  # noqa: F401
import multiprocessing
import os
import subprocess
import sys
import time

import numpy as np

METHOD = os.environ["METHOD"]
WORKERS = 6


def fill():
    """Keep up to 200 MB: less than the parent, so that it is the one to be killed."""
    kept = [np.ones(1 << 18) for _ in range(20)]
    parent = multiprocessing.parent_process()
    while parent.is_alive() if parent else os.getppid() != 1:
        if len(kept) < 100:
            kept.append(np.ones(1 << 18))
        time.sleep(0.1)
    os._exit(0)  # an executor's worker would wait for its next task for ever


def start_workers():
    if METHOD == "subprocess":
        command = [sys.executable, __file__, "worker"]
        return [subprocess.Popen(command) for _ in range(WORKERS)]
    if METHOD.endswith("pool"):
        pool = multiprocessing.get_context(METHOD[:-5]).Pool(WORKERS)
        return [pool.apply_async(fill) for _ in range(WORKERS)], pool
    if METHOD == "executor":
        import concurrent.futures

        context = multiprocessing.get_context("spawn")
        pool = concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context)
        return [pool.submit(fill) for _ in range(WORKERS)], pool
    context = multiprocessing.get_context(METHOD)
    started = [context.Process(target=fill, daemon=True) for _ in range(WORKERS)]
    for each in started:
        each.start()
    return started


def main():
    import keras

    data = np.ones((40, 1 << 20))
    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    x = np.ones((64, 16))
    model.fit(x, x[:, :1], verbose=0)
    workers = start_workers()
    print("READY", flush=True)
    while len(data) and workers:
        model.fit(x, x[:, :1], verbose=0)
        time.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        fill()
    else:
        main()
