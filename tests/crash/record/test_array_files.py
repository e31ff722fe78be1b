"""What NumPy reads from a file is noted before it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.dump.records import EventKind

pytest.importorskip("numpy")
RunScript = Callable[..., Any]
MAKE = """
import numpy as np
np.save("wide.npy", np.ones((3, 1 << 20)))
np.savez("two.npz", x=np.ones((5, 1 << 20), "float32"))
np.save("small.npy", np.ones(9))
"""
LOAD = """
def load():
    return np.load("wide.npy")
np.load("wide.npy", mmap_mode="r")
np.load("small.npy")
x = load()
y = np.load("two.npz")["x"]
print(int(x.sum()), int(y.sum()))
try:
    np.load("train.py")
except ValueError as error:
    print(type(error).__name__)
import os; os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("armed", ["{arm}{make}", "{make}{arm}"])
def test_files_that_are_read_whole(run_script: RunScript, armed: str) -> None:
    head = armed.format(arm="import kerascrash.arm\n", make=MAKE)
    run = run_script(head + LOAD)
    assert run.out == f"{3 << 20} {5 << 20}\nValueError\n"
    assert run.events(EventKind.HOOK_FAILED) == []
    first, second = run.events(EventKind.LOADING)
    assert (first["shape"], first["dtype"]) == ([3, 1 << 20], "float64")
    assert (second["bytes"], second["dtype"]) == (20 << 20, "float32")
    lines = (run.folder / "train.py").read_text(encoding="utf-8").splitlines()
    place = first["where"]
    assert (place["function"], lines[place["line"] - 1]) == (
        "load",
        '    return np.load("wide.npy")',
    )
