"""Reading upwards to the first cause: order, signs of life, noise."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.detect.log_rules import detect
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding, Unavailable

NONE = Unavailable("dump", "nothing was armed")


def observe(*lines: str, kind: str = "stderr") -> dict[str, Finding]:
    logs = tuple(make_logs(lines, kind, "train.err"))
    best: dict[str, Finding] = {}
    for finding in detect(Case("linux", NONE, NONE, NONE, NONE, logs)):
        if finding.id not in best or finding.strength > best[finding.id].strength:
            best[finding.id] = finding
    return best


def test_a_consequence_weighs_less_than_the_cause_above_it() -> None:
    seen = observe(
        "MemoryError: Unable to allocate 4.00 GiB for an array with shape (9, 9)",
        "F tensorflow/core/kernels/foo.cc:10] Check failed: buffer != nullptr",
        "Aborted (core dumped)",
    )
    assert seen["host_alloc_failed"].strength == 1.0
    assert seen["native_check"].strength < 1.0
    assert seen["exit_sigabrt"].strength < 0.5


def test_a_failure_after_which_training_went_on_was_survived() -> None:
    before = observe("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate")
    after = observe(
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate",
        "retry with half of it",
        "Epoch 3/10",
        " 40/90 [===>...] - ETA: 5s - loss: 0.3",
    )
    assert after["gpu_oom"].strength < before["gpu_oom"].strength / 2


def test_the_messenger_alone_keeps_its_weight() -> None:
    line = "F gpu/gpu_event_mgr.cc:1] Unexpected Event status: 1"
    alone = observe(line)
    below = observe("E cuda_event.cc:29] CUDA_ERROR_ILLEGAL_ADDRESS", line)
    assert alone["cuda_messenger"].strength > 4 * below["cuda_messenger"].strength


def test_fatal_text_glued_to_a_redrawn_progress_bar_is_found() -> None:
    bar = "\r".join(f" {n}/99 [==>..] - ETA: 5s - loss: 0.3" for n in range(99))
    assert "exit_sigkill" in observe(f"{bar}Killed")


@pytest.mark.parametrize(
    "line",
    [
        "Epoch 137/200",
        "KeyError handled: using default vocabulary",
        "step 9 loss 137.0",
        "E cuda_dnn.cc:1] Unable to register cuDNN factory: Attempting to register",
        "TF-TRT Warning: Could not find TensorRT",
        "could not open file to read NUMA node: /sys/bus/pci/devices/0/numa_node",
    ],
)
def test_noise_tells_nothing(line: str) -> None:
    telling = {f.id for f in observe(line).values() if f.strength > 0}
    assert telling == {"no_fatal_message"}


def test_evidence_names_source_line_and_row() -> None:
    fact = observe("fine", "Killed")["exit_sigkill"].evidence[0]
    assert (fact.source, fact.line, fact.text) == ("train.err", 2, "Killed")
    assert fact.data["row"] == "shell-killed"
