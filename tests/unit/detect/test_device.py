"""What ran out on a device: full, in pieces, one request, a step, or tensors kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.detect import observe
from kerascrash.diagnose import diagnose
from kerascrash.model.allocator_map import AllocatorMap, ChunkGroup
from kerascrash.model.case import Case, ExitStatus, Log, LogLine
from kerascrash.model.evidence import Unavailable
from kerascrash.model.trace import AllocatorMemory, GrowingGroup, LiveGroup, Trace

MIB = 1 << 20
NONE = Unavailable("dump", "nothing was armed")
FULL = AllocatorMap(
    allocator="GPU_0_bfc",
    device="GPU:0",
    source="train.err",
    op="model/conv2d_4/Relu",
    shape="[256,112,112,64]",
    dtype="float32",
    requested_bytes=784 * MIB,
    limit_bytes=4000 * MIB,
    in_use_bytes=3800 * MIB,
    pool_bytes=4000 * MIB,
    free_bytes=200 * MIB,
    unreserved_bytes=0,
    largest_free_bytes=150 * MIB,
    chunks=200,
    chunks_in_use=190,
    by_size=(ChunkGroup(784 * MIB, 3, 2352 * MIB), ChunkGroup(300 * MIB, 3, 900 * MIB)),
)
PIECES = replace(FULL, in_use_bytes=2000 * MIB, free_bytes=2000 * MIB)
EAGER = replace(FULL, op="AddV2", shape="[30000,30000]", requested_bytes=3434 * MIB)
OOM = (
    "OOM when allocating tensor with shape[256,112,112,64] and type float on "
    "/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc"
)


def case_of(*evidence: AllocatorMap | Trace, lines: tuple[str, ...] = (OOM,)) -> Case:
    log = Log(
        "stderr", "train.err", tuple(LogLine(n, t) for n, t in enumerate(lines, 1))
    )
    return Case("linux", ExitStatus(code=1), NONE, NONE, NONE, (log,), traces=evidence)


def trace_of(**changes: object) -> Trace:
    memory = AllocatorMemory(
        name="GPU_0_bfc",
        device="GPU:0",
        peak_bytes=3900 * MIB,
        capacity_bytes=4000 * MIB,
        allocations=1000,
        live=(LiveGroup("Relu", "[256,56,56,64]", "float32", 4, 800 * MIB),),
    )
    memory = replace(memory, **changes)  # type: ignore[arg-type]
    return Trace("w.xplane.pb", "xplane", "ok", 1000, allocators=(memory,))


GROWTH = GrowingGroup(
    LiveGroup("Mul", "[1024,4096]", "float32", 200, 3200 * MIB), (1, 2, 3), 16.0 * MIB
)


def strengths(case: Case) -> dict[str, float]:
    seen = observe(case)
    assert not seen.faults
    return {
        one.id: one.strength for one in seen.findings if one.id.startswith("device")
    }


def test_a_full_pool_is_not_called_fragmented() -> None:
    found = strengths(case_of(FULL))
    assert "device_pool_fragmented" not in found
    assert found["device_pool_not_fragmented"] == 1.0


def test_a_pool_in_pieces_is() -> None:
    assert strengths(case_of(PIECES))["device_pool_fragmented"] > 0.9


def test_what_the_pool_could_still_take_from_the_device_is_no_piece() -> None:
    """Free in sum, but a new region of the size was to be had: then it was no hole."""
    room = replace(FULL, free_bytes=700 * MIB, unreserved_bytes=900 * MIB)
    assert "device_pool_fragmented" not in strengths(case_of(room))


def test_a_little_free_memory_in_a_full_pool_is_only_weakly_fragmented() -> None:
    rest = replace(
        FULL, requested_bytes=6 * MIB, free_bytes=9 * MIB, largest_free_bytes=2 * MIB
    )
    assert strengths(case_of(rest)).get("device_pool_fragmented", 0.0) < 0.1


def test_a_step_of_a_model_and_an_operation_of_its_own() -> None:
    assert "device_step_refused" in strengths(case_of(FULL))
    assert "device_op_refused" not in strengths(case_of(FULL))
    found = strengths(case_of(EAGER))
    assert found["device_op_refused"] == 1.0
    assert "device_step_refused" not in found


def test_a_small_request_of_an_op_is_only_the_last_straw() -> None:
    small = replace(EAGER, requested_bytes=16 * MIB, shape="[1024,4096]")
    assert "device_op_refused" not in strengths(case_of(small))


def test_pairing_everything_with_everything_inside_a_model_is_the_operation() -> None:
    inside = replace(EAGER, op="model/pair/Sub", shape="[30000,30000,4]")
    assert "device_op_refused" in strengths(case_of(inside))


def test_an_eager_op_within_a_layer_is_a_step_of_the_model() -> None:
    lines = (
        "Traceback (most recent call last):",
        '  File "/home/u/train.py", line 9, in <module>',
        "    loss = loss_of(y, model(x, training=True))",
        "ResourceExhaustedError: Exception encountered when calling Conv2D.call().",
        OOM,
    )
    inside = replace(EAGER, op="BiasAdd", shape="[256,64,64,48]")
    found = strengths(case_of(inside, lines=lines))
    assert "device_step_refused" in found
    assert "device_op_refused" not in found


def test_a_failure_after_which_the_training_went_on_weighs_little() -> None:
    told = replace(FULL, line=1)
    ended = strengths(case_of(told, lines=(OOM, "Segmentation fault")))
    went_on = strengths(case_of(told, lines=(OOM, "12/100 ━━━━ 3s 25ms/step")))
    assert ended["device_request_failed"] == 1.0
    assert went_on["device_request_failed"] == pytest.approx(0.3)
    assert went_on["device_step_refused"] < ended["device_step_refused"]


def test_steps_that_had_fitted_speak_against_the_batch() -> None:
    counted = tuple(f"{n}/100 ━━━━ 3s 25ms/step" for n in range(1, 40))
    assert "device_steps_fitted" in strengths(case_of(FULL, lines=(*counted, OOM)))
    dates = tuple(f"2023/11/{n} 10:00:00 INFO started" for n in range(10, 20))
    assert "device_steps_fitted" not in strengths(case_of(FULL, lines=(*dates, OOM)))


def test_growth_in_a_trace_is_tensors_kept() -> None:
    grown = trace_of(growing=(GROWTH,), step_bytes=400 * MIB)
    found = strengths(case_of(FULL, grown))
    assert found["device_tensors_kept"] == 1.0
    assert "device_step_fills" not in found


def test_growth_without_steps_or_from_a_damaged_file_weighs_less() -> None:
    guessed = trace_of(growing=(replace(GROWTH, certain=False),))
    assert strengths(case_of(FULL, guessed))["device_tensors_kept"] == 0.5
    salvaged = trace_of(growing=(GROWTH,), confidence=0.5)
    assert strengths(case_of(FULL, salvaged))["device_tensors_kept"] == 0.5


def test_a_step_that_fills_the_pool_is_told_from_a_leak() -> None:
    step = trace_of(step_bytes=3000 * MIB)
    found = strengths(case_of(FULL, step))
    assert found["device_step_fills"] > 0.7
    assert "device_tensors_kept" not in found


@pytest.mark.parametrize(
    ("evidence", "factor"),
    [
        ((FULL,), "batch_size"),
        ((EAGER,), "tensor_ops"),
        ((FULL, trace_of(growing=(GROWTH,))), "tensor_leak"),
        ((PIECES,), "memory_fragmentation"),
    ],
)  # fmt: skip
def test_the_verdict(evidence: tuple[AllocatorMap | Trace, ...], factor: str) -> None:
    verdict = diagnose(case_of(*evidence)).verdict
    assert (verdict.cause, verdict.factor) == ("gpu_oom", factor)
    assert "GPU:0 (GPU_0_bfc)" in verdict.summary


def test_the_pool_on_the_cpu_is_named_as_what_it_is() -> None:
    name = "bfc_cpu_allocator_for_gpu"
    line = OOM.replace("device:GPU:0", "device:CPU:0").replace("GPU_0_bfc", name)
    cpu = replace(FULL, allocator=name, device="host")
    found = diagnose(case_of(cpu, lines=(line,)))
    assert found.verdict.cause == "gpu_oom"
    assert f"TensorFlow's BFC pool on the CPU ({name})" in found.verdict.summary
    assert "GPU memory" not in found.verdict.summary
    assert found.allocators[0]["device"] == "host"


def test_host_memory_is_no_device_memory() -> None:
    line = OOM.replace("device:GPU:0", "device:CPU:0").replace("GPU_0_bfc", "mklcpu")
    host = replace(FULL, allocator="mklcpu", device="host")
    assert strengths(case_of(host, lines=(line,))) == {}
    assert diagnose(case_of(host, lines=(line,))).verdict.cause == "alloc_failure"


def test_an_allocator_that_had_room_is_no_finding() -> None:
    idle = trace_of(peak_bytes=1000 * MIB, growing=(GROWTH,))
    assert strengths(case_of(idle, lines=("Segmentation fault",))) == {}


def test_without_any_device_evidence_it_is_not_examined() -> None:
    seen = observe(case_of(lines=("Killed",)))
    assert "device_tensors_kept" in seen.unexamined


def test_the_ledger_of_a_pool_balances() -> None:
    evidence = case_of(FULL, trace_of(before_window_bytes=2000 * MIB))
    (ledger,) = diagnose(evidence).ledgers
    assert ledger.device == "GPU:0 (GPU_0_bfc)"
    assert sum(line.bytes for line in ledger.lines) == ledger.total == 3900 * MIB


def windows_of(*ends: int, kept: int = 2, host: str = "") -> tuple[Trace, ...]:
    """Return windows of two steps each; each keeps ``kept`` tensors of 16 MiB."""
    group = LiveGroup("Mul", "[1024,4096]", "float32", kept, kept * 16 * MIB)
    windows = [
        AllocatorMemory(
            name="GPU_0_bfc", device="GPU:0", peak_bytes=(end + 50) * MIB,
            capacity_bytes=1000 * MIB, final_bytes=end * MIB, allocations=9,
            kept=(group,), host=host,
            steps=((100.0 * n, end * MIB, end * MIB), (100.0 * n + 1, end * MIB, 0)),
        )
        for n, end in enumerate(ends)
    ]  # fmt: skip
    return tuple(
        Trace(f"{n}.pb", "xplane", "ok", 9, begin=100.0 * n, allocators=(memory,))
        for n, memory in enumerate(windows)
    )


def test_what_short_windows_keep_adds_up_to_a_leak() -> None:
    (row,) = diagnose(case_of(*windows_of(300, 600, 940))).allocators
    (grown,) = row["growing"]
    assert (grown["op"], grown["bytes"]) == ("Mul", (940 - 300 + 32) * MIB)
    assert grown["bytes_per_step"] == 16 * MIB
    assert grown["counts"] == [2, round(332 / 16), 42]
    assert row["windows"] == 3
    assert len(row["steps"]) == 6
    kept = strengths(case_of(*windows_of(300, 600, 940)))["device_tensors_kept"]
    assert kept == pytest.approx(1.0)


@pytest.mark.parametrize(
    "traces",
    [
        windows_of(600, 600, 600),  # the pool did not grow
        windows_of(300, 600, 500),  # it was emptied
        windows_of(300, 600, 940, kept=1),  # the last step's result, not one of each
        windows_of(940),  # one window of two steps shows nothing
    ],
)
def test_short_windows_that_show_no_leak(traces: tuple[Trace, ...]) -> None:
    (row,) = diagnose(case_of(*traces)).allocators
    assert row["growing"] == []


def test_hosts_are_kept_apart_and_a_map_belongs_to_one() -> None:
    """All hosts call their allocator GPU_0_bfc; only one of them ran out."""
    traces = (*windows_of(200, host="node-1"), *windows_of(930, host="node-2"))
    rows = diagnose(case_of(FULL, *traces)).allocators
    assert [row["host"] for row in rows] == ["node-2", "node-1"]
    assert rows[0]["failed_request"]["op"] == "model/conv2d_4/Relu"
    assert rows[1]["failed_request"] is None
    assert rows[1]["peak_bytes"] == 250 * MIB
