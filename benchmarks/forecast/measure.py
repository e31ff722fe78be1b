"""
Run the configurations of the forecast benchmark and keep dump and truth of each.

    python benchmarks/forecast/measure.py FOLDER [STEPS] [--pool]

One process at a time, each fresh. What FOLDER already holds is not run again, so that
an interrupted measurement goes on where it stopped. With ``--pool`` tensors come out of
TensorFlow's BFC allocator, whose own peak is kept beside the process's.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kerascrash.dump.reader import read_dump

HERE = Path(__file__).resolve().parent
OPTIMIZERS = ("sgd", "adam", "adamw", "lion")
BATCHES = {
    "mlp": (512, 1024, 2048, 4096),
    "cnn": (8, 16, 32, 64),
    "resnet": (4, 8, 16, 32),
    "lstm": (16, 32, 64, 128),
    "transformer": (8, 16, 32, 64),
    "unet": (2, 4, 8, 16),
    "embedding": (256, 512, 1024, 2048),
    "subclassed": (16, 32, 64, 128),
}
"""Batch sizes of each architecture."""
POOL = {"TF_CPU_ALLOCATOR_USE_BFC": "1", "TF_CPU_BFC_MEM_LIMIT_IN_MB": "4096"}
TUNED_ON = ("mlp", "cnn", "lstm", "embedding")
"""The half whose residuals the forecast was calibrated on."""


def configurations() -> list[tuple[str, str, str, int]]:
    """Return (architecture, optimizer, mode, batch), the widest spread first."""
    rows = []
    for at in (1, 3, 2, 0):
        for mode, shift in (("graph", 0), ("eager", 1), ("xla", 2)):
            for number, (name, batches) in enumerate(BATCHES.items()):
                # Keras compiles no recurrent layer; the smallest batches tell least.
                if mode == "xla" and (name == "lstm" or number % 2 or at == 0):
                    continue
                optimizer = OPTIMIZERS[(number + shift) % len(OPTIMIZERS)]
                rows.append((name, optimizer, mode, batches[at]))
    return rows


def key_of(run: dict[str, Any], *, batch: bool = True) -> str:
    """Return the name of a measured run, or of its model with any batch."""
    names = ("name", "optimizer", "mode", *(("batch",) if batch else ()))
    return "-".join(str(run[name]) for name in names)


def measure(
    row: tuple[str, str, str, int], folder: Path, steps: int, more: dict[str, str]
) -> None:
    """Run one configuration; write ``<key>.json`` and ``<key>.bin.gz``."""
    key = "-".join(map(str, row))
    if (folder / f"{key}.json").exists():
        return
    with tempfile.TemporaryDirectory(dir=folder) as dumps:
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE.parents[1]),
            "KERASCRASH_DIR": dumps,
            "KERASCRASH_KEEP": "always",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **more,
        }
        words = [str(word) for word in (*row, steps)]
        done = subprocess.run(
            [sys.executable, str(HERE / "train_one.py"), *words],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(key, "failed:", done.stderr[-300:], flush=True)
            return
        truth = json.loads(done.stdout.splitlines()[-1])
        (dump,) = Path(dumps).glob("*.bin")
        read_dump(str(dump))
        with gzip.open(folder / f"{key}.bin.gz", "wb") as packed:
            packed.write(dump.read_bytes())
        truth |= {"name": row[0], "optimizer": row[1], "mode": row[2], "batch": row[3]}
        (folder / f"{key}.json").write_text(json.dumps(truth), encoding="utf-8")
        print(key, truth, flush=True)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--pool"]
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    steps = int(words[1]) if len(words) > 1 else 30
    for row in configurations():
        measure(row, folder, steps, POOL if "--pool" in sys.argv else {})


if __name__ == "__main__":
    main()
