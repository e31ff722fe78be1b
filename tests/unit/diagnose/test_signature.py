"""Equal deaths have equal signatures, whatever machine, folder or size; others not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.diagnose.signature import signature_of
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Culprit, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    CaseBuilder = Any  # of conftest.py
SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
GIB = 1 << 30
LEAK = Verdict(
    "host_oom_cgroup",
    0.98,
    "tensor_leak",
    0.96,
    "killed by the kernel",
    Culprit(
        "Trainer.history",
        "list of 1,920 EagerTensors",
        8 * GIB,
        4.0e6,
        Place("/home/ada/project/train.py", 41, "Trainer.step"),
    ),
)


def with_culprit(**changed: object) -> Verdict:
    assert LEAK.culprit is not None
    return replace(LEAK, culprit=replace(LEAK.culprit, **changed))


def test_it_is_short_and_its_parts_can_be_read() -> None:
    signature = signature_of(LEAK)
    assert len(signature.id) == 10
    assert signature.text == (
        "host_oom_cgroup · tensor_leak · Trainer.history (list of EagerTensor) · "
        "train.py, step"
    )


@pytest.mark.parametrize(
    "same",
    [
        with_culprit(place=Place("/mnt/job/9/train.py", 41, "Trainer.step")),
        with_culprit(place=Place("C:\\Users\\b\\train.py", 52, "Trainer.step")),
        # Before 3.11 Python did not tell the class that a function belongs to.
        with_culprit(place=Place("/x/train.py", 41, "step")),
        with_culprit(
            kind="list of 3 EagerTensors", bytes=9, growth_bytes_per_step=None
        ),
        with_culprit(kind="list of 1 EagerTensor", note="last counted 3 s before"),
        replace(LEAK, confidence=0.6, summary="probably", second_factor="dtype"),
    ],
)
def test_what_differs_from_run_to_run_is_no_part_of_it(same: Verdict) -> None:
    assert signature_of(same) == signature_of(LEAK)


@pytest.mark.parametrize(
    "other",
    [
        with_culprit(owner="Trainer.losses"),
        with_culprit(kind="list of 1,920 ndarrays"),
        with_culprit(place=Place("/home/ada/project/train.py", 41, "Trainer.report")),
        with_culprit(place=Place("/home/ada/project/model.py", 41, "Trainer.step")),
        replace(LEAK, factor="object_leak"),
        replace(LEAK, cause="host_oom_global"),
        replace(LEAK, culprit=None),
    ],
)
def test_another_owner_place_or_cause_is_another_death(other: Verdict) -> None:
    assert signature_of(other).id != signature_of(LEAK).id


@pytest.mark.parametrize(
    ("owner", "kind", "stable_owner", "stable_kind"),
    [
        ("model.fit(batch_size=512)", "batch of 512 samples",
         "model.fit(batch_size=*)", "batch of sample"),
        ("stress (pid 812)", "another process", "stress (pid *)", "another process"),
        ("x2", "float32 array of shape (60000, 28, 28) that was refused",
         "x2", "float32 array that was refused"),
        ("MatMul", "1,920 tensors float32 (64, 64) kept alive",
         "MatMul", "tensor float32 * kept alive"),
        ("pool", "pool with 3.0 GiB free in pieces of 512.0 KiB at most",
         "pool", "pool with ~ free in pieces of ~ at most"),
        ("model.fit", "the line last seen running, 840 ms before the death",
         "model.fit", "the line that was running"),
        ("cache['step_12']", "list of 1 float64 ndarray",
         "cache['step_12']", "list of float64 ndarray"),
        ("rows[17]", "list of 160 float64 ndarrays",
         "rows[*]", "list of float64 ndarray"),
    ],
)  # fmt: skip
def test_numbers_go_and_names_stay(
    owner: str, kind: str, stable_owner: str, stable_kind: str
) -> None:
    signature = signature_of(with_culprit(owner=owner, kind=kind))
    assert (signature.owner, signature.kind) == (stable_owner, stable_kind)


def test_the_numbers_that_keras_gives_to_layers_go() -> None:
    model = Culprit("sequential_3.dense_17", "Sequential of 4,210 parameters")
    verdict = replace(LEAK, factor="model_size", culprit=model)
    assert signature_of(verdict).owner == "sequential.dense"


def test_cells_of_a_notebook_are_one_place() -> None:
    seen = {
        signature_of(with_culprit(place=Place(file, line, function))).place
        for file, line, function in (
            ("/tmp/ipykernel_4711/1204.py", 3, "<cell line: 3>"),
            ("/tmp/ipykernel_99/77.py", 9, "<module>"),
            ("<ipython-input-3-ab12>", 1, "<module>"),
        )
    }
    assert seen == {"cell"}


@pytest.mark.parametrize("limit", [1200 << 20, 3 * GIB])
def test_the_same_leak_under_another_limit_is_the_same_death(
    leaking: CaseBuilder, training: Callable[..., CaseBuilder], limit: int
) -> None:
    """Elsewhere, at another line, and it came further or less far."""
    mib = limit >> 20
    other = training(limit=limit, pid=99).grows((10, 400), (20, mib - 6))
    other.runs(9, stage="custom", step=mib // 4)
    place = {"file": "/mnt/nfs/job/train.py", "line": 77, "function": "Loop.main",
             "excerpt": [[77, "    history.append(x)"]]}  # fmt: skip
    other.holds_list(
        "history", 4_000_000, [9, 70, 120, mib // 5], growth_bytes_per_step=4e6,
        place=place,
    )  # fmt: skip
    other.dies_of_limit()
    one, two = diagnose(leaking.build()), diagnose(other.build())
    assert one.verdict.factor == "tensor_leak"
    assert two.signature == one.signature


def test_every_sample_has_a_signature_of_its_own() -> None:
    found = {
        folder.name: diagnose(load_case(folder / "dump.bin.gz")).signature
        for folder in sorted(SAMPLES.iterdir())
        if (folder / "dump.bin.gz").exists()
    }
    assert all(one.id for one in found.values())
    assert len({one.id for one in found.values()}) > 0.9 * len(found)
