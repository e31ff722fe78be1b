"""Folders that profilers write to are noted, whoever names them and whenever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.records import EventKind

pytest.importorskip("tensorflow")
ARM, IMPORT = "import kerascrash.arm\n", "import tensorflow as tf\n"
PROFILE = """
import os
tf.profiler.experimental.start(logdir="first")
tf.profiler.experimental.stop()
with tf.profiler.experimental.Profile("second"):
    pass
writer = tf.summary.create_file_writer("third")
again = tf.summary.create_file_writer("third")
try:
    tf.profiler.experimental.start()
except TypeError as error:
    print(str(error).split(" missing")[0])
os.kill(os.getpid(), 9)
"""


@pytest.mark.crash
@pytest.mark.parametrize(
    "head", [ARM + IMPORT, pytest.param(IMPORT + ARM, marks=pytest.mark.slow)]
)
def test_folders_of_profilers_and_writers(
    run_script: Callable[..., Any], head: str
) -> None:
    run = run_script(head + PROFILE)
    assert run.out == "start()\n"
    assert run.events(EventKind.HOOK_FAILED) == []
    noted = run.events(EventKind.LOG_DIR)
    assert [(Path(one["path"]).name, one["what"]) for one in noted] == [
        ("first", "profiler"),
        ("second", "profiler"),
        ("third", "tensorboard"),
    ]
    assert all(Path(one["path"]).parent == run.folder for one in noted)
