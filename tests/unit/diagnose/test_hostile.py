"""Whatever a dump's JSON holds, a diagnosis comes out, and no rule breaks on it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from kerascrash.collect.conform import conform
from kerascrash.diagnose import diagnose
from kerascrash.model.case import Recording

JUNK = (
    None,
    -1,
    1 << 70,
    0.5,
    float("nan"),
    "",
    "x",
    True,
    [],
    {},
    [1],
    {"a": 1},
    [[]],
)
MIB = 1 << 20


def broken(value: Any, chance: random.Random) -> Any:
    """Return the JSON value with a few of its parts replaced by junk."""
    if chance.random() < 0.08:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        return {key: broken(one, chance) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [broken(one, chance) for one in value]
    return value


@pytest.fixture
def rich(leaking):
    """A case with something in every blob."""
    place = {"file": "/home/ada/t.py", "line": 3, "excerpt": [[3, "x = np.ones(9)"]]}
    leaking.holds("x", 90 * MIB, dtypes={"float64": 90 * MIB}, place=place)
    layer = {"name": "a", "class": "Dense", "output_shape": [None, 9],
             "parameters": 10, "dtype": "float32", "weights_bytes": 40}  # fmt: skip
    leaking.models = {
        "models": [{"name": "m", "class": "Model", "parameters": 10, "place": place,
                    "trainable_parameters": 10, "weights_bytes": 40,
                    "layers": [layer], "optimizer": {"class": "Adam", "bytes": 80}}],
        "batches": [{"stage": "FIT", "batch_size": 4}],
        "data": [{"name": "y", "shape": [9, 9], "dtype": "float32", "bytes": 324}],
    }  # fmt: skip
    leaking.at_line("x = np.ones((9, 9))", ("numpy/core.py", "ones"))
    leaking.environment = {"argv": ["t.py"], "cpu_flags": ["avx"], "machine": "x86_64"}
    leaking.limits = {
        "rlimits": {"RLIMIT_AS": [9, 9]},
        "dev_shm": {"total": 9, "free": 1},
    }
    leaking.certificate.update(
        biggest=[{"pid": 5, "comm": "a", "rss": 9, "same_cgroup": True}],
        kernel={"readable": True, "lines": []},
        last_sample={"values": {"rss": 900 * MIB}, "age_ms": 3.5},
        daemons=["earlyoom"],
    )
    leaking.event(
        15, "exception", type="E", message="m", traceback=[["f", 1, "g", "s"]]
    )
    leaking.event(16, "retrace", function="f", count=9)
    leaking.event(17, "child", pid=4, ended=1)
    return leaking.build()


@pytest.mark.parametrize("seed", range(150))
def test_broken_blobs(rich, seed) -> None:
    chance = random.Random(seed)
    names = ("inventory", "models", "stacks", "environment", "limits")
    blobs = {n: conform(broken(getattr(rich.recording, n), chance), n) for n in names}
    assert isinstance(rich.recording, Recording)
    case = replace(
        rich,
        recording=replace(rich.recording, **blobs),
        certificate=conform(broken(rich.certificate, chance), "certificate"),
    )
    diagnosis = diagnose(case)
    assert diagnosis.faults == ()
    assert diagnosis.verdict.summary


@pytest.mark.parametrize("seed", range(60))
def test_broken_events_cost_no_verdict(rich, seed) -> None:
    chance = random.Random(seed)
    marks = tuple(
        replace(mark, data=made if isinstance(made := broken(mark.data, chance), dict)
                else {})
        for mark in rich.recording.marks
    )  # fmt: skip
    diagnosis = diagnose(replace(rich, recording=replace(rich.recording, marks=marks)))
    assert diagnosis.faults == ()
