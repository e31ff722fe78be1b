"""Data sets with workers: what their queues may hold, and the line that made them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.dump.records import EventKind, Stage

RunScript = Callable[..., Any]
pytestmark = pytest.mark.crash
ARM = "import kerascrash.arm\n"
DIE = "import os; os.kill(os.getpid(), 9)\n"
KERAS = """
import keras
import numpy as np

class Pictures(keras.utils.PyDataset):
    def __init__(self, n, **options):
        super().__init__(**options)
        self.n = n

    def __len__(self):
        return self.n

    def __bool__(self):
        raise AssertionError("asked whether it is true")

    def __getitem__(self, index):
        return np.ones((8, 100), "float32"), np.ones((8, 1), "float32")

class Fixed(Pictures):
    def __init__(self):
        super().__init__(6, workers=2, max_queue_size=7)

model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
plain = Pictures(5)
model.fit(plain, verbose=0)
queued = Pictures(
    6, workers=2, max_queue_size=40,
)
model.fit(queued, verbose=0)
fixed = Fixed()
model.fit(fixed, verbose=0)
"""
KERAS_2 = """
import numpy as np
import tf_keras as keras

class Pictures(keras.utils.Sequence):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return np.ones((8, 100), "float32"), np.ones((8, 1), "float32")

model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
data = Pictures()
model.fit(data, verbose=0)
model.fit(
    data, workers=2, max_queue_size=40, epochs=2, verbose=0,
)
model.fit(data, workers=2, use_multiprocessing=True, max_queue_size=7, verbose=0)
"""
TORCH = """
import time
import torch
from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.ones(96, 100), torch.ones(96, 1))
loader = DataLoader(data, batch_size=8, num_workers=2, prefetch_factor=5)
alone = DataLoader(data, batch_size=8)
model = torch.nn.Linear(100, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.01)
for batches in (loader, alone):
    for x, y in batches:
        (model(x) - y).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
"""


def installed(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


def ops_of(run: Any) -> list[dict[str, Any]]:
    assert run.events(EventKind.HOOK_FAILED) == []
    rows = run.dump.blobs["pipelines"].data["pipelines"]
    return [op for row in rows for op in row["ops"]]


def test_queues_of_keras(run_script: RunScript) -> None:
    installed("keras", "tensorflow")
    source = ARM + KERAS + DIE
    plain, queued, fixed = ops_of(run_script(source))
    batch = 8 * 100 * 4 + 8 * 4
    lines = source.splitlines()

    def line(op: dict[str, Any]) -> str:
        return lines[op["place"]["line"] - 1].strip()

    assert (plain["buffer"], plain["bytes"]) == (0, 0)
    assert (queued["workers"], queued["buffer"]) == (2, 40)
    assert (queued["element_bytes"], queued["bytes"]) == (batch, 40 * batch)
    assert line(queued) in ("queued = Pictures(", "6, workers=2, max_queue_size=40,")
    assert line(fixed) == "super().__init__(6, workers=2, max_queue_size=7)"


def test_queues_of_keras_2(run_script: RunScript) -> None:
    installed("tf_keras")
    source = ARM + KERAS_2 + DIE
    run = run_script(source)
    plain, threads, processes = ops_of(run)
    batch = 8 * 100 * 4 + 8 * 4
    lines = source.splitlines()
    assert (plain["buffer"], plain["bytes"]) == (0, 0)
    assert (threads["workers"], threads["buffer"]) == (2, 40)
    assert (threads["element_bytes"], threads["bytes"]) == (batch, 40 * batch)
    (fit,) = [n for n, row in enumerate(lines, 1) if row == "model.fit("]
    assert threads["place"]["line"] in (fit, fit + 1)
    assert (processes["buffer"], processes["processes"]) == (7, True)
    assert "use_multiprocessing=True" in lines[processes["place"]["line"] - 1]
    assert [e["steps"] for e in run.events(EventKind.EPOCH_END)] == [6] * 4
    assert run.dump.progress[-1].step == 23


def test_a_loader_of_pytorch_and_its_steps(run_script: RunScript) -> None:
    installed("torch")
    run = run_script(ARM + TORCH + DIE)
    loader, alone = ops_of(run)
    assert (loader["workers"], loader["buffer"], loader["processes"]) == (2, 10, True)
    assert loader["bytes"] == 10 * (8 * 100 * 4 + 8 * 4)
    assert loader["place"]["excerpt"][0][1].startswith("loader = DataLoader(")
    assert alone["bytes"] == 0
    assert run.dump.progress[-1].stage == Stage.CUSTOM
    assert run.dump.progress[-1].step == 23
