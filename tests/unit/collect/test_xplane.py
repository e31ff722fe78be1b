"""Memory from traces: made here for every known writer, and real ones to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.xplane import read_xplane
from kerascrash.collect.xplane.schema import message
from kerascrash.model.trace import AllocatorMemory, Trace

MIB = 1 << 20


def only(trace: Trace) -> AllocatorMemory:
    assert len(trace.allocators) == 1, [one.name for one in trace.allocators]
    return trace.allocators[0]


def test_the_peak_is_the_maximum_and_not_what_the_last_event_says(
    leak_bytes: bytes, write: Any
) -> None:
    trace = read_xplane(write(leak_bytes))
    memory = only(trace)
    assert trace.status == "ok"
    assert trace.bad == 0
    # 3 weights, 9 kept, and the last step's 5 activations and its own tensor
    assert memory.peak_bytes == (6 + 9 * 8 + 5 * 4 + 8) * MIB
    assert memory.final_bytes == (6 + 10 * 8) * MIB
    assert memory.capacity_bytes == 400 * MIB
    assert memory.fragmentation == 0.25
    assert memory.device == "GPU:0"
    assert memory.live_count == 3 + 10 + 5


def test_what_grows_over_the_steps_is_told_from_what_a_step_uses(
    leak_bytes: bytes, write: Any
) -> None:
    memory = only(read_xplane(write(leak_bytes)))
    assert [(g.group.op, g.group.shape) for g in memory.growing] == [
        ("Mul", "[1024,2048]")
    ]
    grown = memory.growing[0]
    assert grown.certain
    assert grown.bytes_per_step == 8 * MIB
    assert grown.group.count == 10
    assert memory.step_bytes == (5 * 4 + 8) * MIB


def test_without_a_leak_nothing_grows(make: Any, write: Any) -> None:
    data = make["space"]([make["leaking"](keep=False).encode(), make["environment"]()])
    memory = only(read_xplane(write(data)))
    assert memory.growing == ()
    assert memory.peak_bytes == (6 + 5 * 4 + 8) * MIB


def test_optimizer_slots_made_in_the_first_step_are_no_leak(
    make: Any, write: Any
) -> None:
    plane = make["plane"]("/host:CPU")
    for step in range(8):
        at = 1000 * (step + 1)
        plane.event("train", at, us=900, step_num=step)
        if step == 0:
            for slot in range(12):
                plane.allocate(
                    at + slot + 1, 0x50 + slot, 8 * MIB, "Fill", "[1024,2048]"
                )
        plane.allocate(at + 100, 0x9000, 16 * MIB, "Relu", "[64,65536]")
        plane.free(at + 200, 0x9000)
    assert only(read_xplane(write(make["space"]([plane.encode()])))).growing == ()


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_kept_in_many_shapes_shows_by_its_op(
    make: Any, write: Any, keep: bool
) -> None:
    """Sentences: no two steps have the same length, so no shape grows by itself."""
    plane = make["plane"]("/host:CPU")
    for step in range(12):
        at, length = 1000 * (step + 1), 100 + 37 * step % 101
        plane.event("train", at, us=900, step_num=step)
        shape = f"[32,{length},512]"
        plane.allocate(at + 1, 0x100 + step, 32 * length * 512 * 4, "Mul", shape)
        plane.allocate(at + 2, 0x900, 9 * MIB, "Relu", f"[{length},1,9]")
        plane.free(at + 3, 0x900)
        if not keep:
            plane.free(at + 4, 0x100 + step)
    found = only(read_xplane(write(make["space"]([plane.encode()])))).growing
    if not keep:
        assert found == ()
        return
    assert [(one.group.op, one.group.shape) for one in found] == [("Mul", "[…]")]
    assert found[0].group.count == 12
    assert found[0].bytes_per_step == pytest.approx(32 * 150 * 512 * 4, rel=0.2)


def test_numbers_may_be_unsigned_and_devices_have_ordinals(
    make: Any, write: Any
) -> None:
    """As other runtimes write them; the plane of a device says of which kind it is."""
    plane = make["plane"]("/host:CPU", limit=100 * MIB)
    plane.allocate(1, 0x1, 10 * MIB, allocator="2")
    plane.allocate(2, 0x2, 20 * MIB, allocator="2")
    for event in plane._events["python"]:
        for stat in event.stats:
            if stat.int64_value > 0:
                stat.uint64_value, stat.int64_value = stat.int64_value, 0
    ids = plane._stat_ids
    ids["device_ordinal"] = ids.pop("index_on_host")
    planes = [plane.encode(), make["plane"]("/device:GPU:2").encode()]
    memory = only(read_xplane(write(make["space"](planes))))
    assert (memory.name, memory.device) == ("2", "GPU:2")
    assert (memory.peak_bytes, memory.capacity_bytes) == (30 * MIB, 100 * MIB)
    assert (memory.live[0].bytes, memory.live[0].dtype) == (30 * MIB, "float32")


def test_threads_are_merged_by_time(make: Any, write: Any) -> None:
    """One thread allocates, another frees: the file has them line by line."""
    plane = make["plane"]("/host:CPU")
    for number in range(20):
        plane.allocate(100 * number, 0x100, 32 * MIB, line="tf_Compute/1")
        plane.free(100 * number + 50, 0x100, line="tf_Compute/2")
    memory = only(read_xplane(write(make["space"]([plane.encode()]))))
    assert memory.peak_bytes == 32 * MIB
    assert memory.live_count == 1
    assert memory.unmatched_frees == 0


def test_memory_from_before_the_window_is_set_apart(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    plane.used["GPU_0_bfc"] = 100 * MIB
    plane.allocate(1, 0x1, 10 * MIB)
    memory = only(read_xplane(write(make["space"]([plane.encode()]))))
    assert memory.peak_bytes == 110 * MIB
    assert memory.before_window_bytes == 100 * MIB


def test_a_tpu_is_known_by_its_number_and_reserves_a_stack(
    make: Any, write: Any
) -> None:
    plane = make["plane"]("/host:CPU", limit=1000 * MIB)
    plane.allocate(1, 0x1, 10 * MIB, allocator="3")
    plane.allocate(2, 0x2, 20 * MIB, allocator="3", reserved=200 * MIB)
    memory = only(read_xplane(write(make["space"]([plane.encode()]))))
    assert (memory.name, memory.device) == ("3", "TPU:3")
    assert memory.peak_bytes == 230 * MIB
    assert memory.reserved_bytes == 200 * MIB
    assert memory.before_window_bytes == 0
    assert memory.capacity_bytes == 1000 * MIB


@pytest.mark.parametrize("refer", [True, False])
def test_ops_without_a_name_stay_apart_by_size(
    make: Any, write: Any, refer: bool
) -> None:
    plane = make["plane"]("/host:CPU", refer=refer)
    for number, size in enumerate((5, 5, 7)):
        plane.allocate(number, number + 1, size * MIB, op="(null)", shape="", dtype=0)
    memory = only(read_xplane(write(make["space"]([plane.encode()]))))
    assert [(g.op, g.count, g.bytes) for g in memory.live] == [
        ("", 2, 10 * MIB),
        ("", 1, 7 * MIB),
    ]


def test_each_gpu_and_the_pinned_host_memory_are_told_apart(
    make: Any, write: Any
) -> None:
    plane = make["plane"]("/host:CPU")
    for number, name in enumerate(
        ("GPU_0_bfc", "GPU_11_bfc", "gpu_host_bfc", "mklcpu")
    ):
        plane.allocate(number, 0x1, (number + 1) * MIB, allocator=name)
    trace = read_xplane(write(make["space"]([plane.encode()])))
    assert {one.name: one.device for one in trace.allocators} == {
        "GPU_0_bfc": "GPU:0",
        "GPU_11_bfc": "GPU:11",
        "gpu_host_bfc": "host",
        "mklcpu": "host",
    }


def test_addresses_above_the_sign_bit_match_their_frees(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    plane.allocate(1, (1 << 64) - 4096, MIB)
    plane.free(2, (1 << 64) - 4096)
    assert (
        only(read_xplane(write(make["space"]([plane.encode()])))).unmatched_frees == 0
    )


def test_each_plane_has_names_of_its_own(make: Any, write: Any) -> None:
    """The same reference means another op in another plane of the same file."""
    planes = []
    for number, op in enumerate(("Relu", "MatMul")):
        plane = make["plane"]("/host:CPU")
        plane.allocate(number, number + 1, (number + 1) * MIB, op=op)
        planes.append(plane.encode())
    memory = only(read_xplane(write(make["space"](planes))))
    assert {group.op for group in memory.live} == {"Relu", "MatMul"}


def test_times_are_unix_by_the_trace_itself(leak_bytes: bytes, write: Any) -> None:
    trace = read_xplane(write(leak_bytes))
    memory = only(trace)
    assert (trace.begin, trace.end) == (1_700_000_000, 1_700_000_010)
    assert trace.host == "node-7"
    assert memory.peak_time == pytest.approx(1_700_000_000.0101, abs=1e-3)
    assert len(trace.steps) == 10
    assert trace.steps[0].seconds == pytest.approx(0.0009)


def test_a_trace_without_memory_says_why(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    plane.event("EagerExecute", 1, us=5)
    trace = read_xplane(write(make["space"]([plane.encode()])))
    assert trace.status == "ok"
    assert "no memory events" in trace.notes[0]


def test_import_and_reading_need_no_tensorflow() -> None:
    code = (
        "import sys; from kerascrash.collect.xplane import read_xplane;"
        "read_xplane('x');"
        "bad = {'tensorflow', 'numpy', 'jax', 'xprof'} & set(sys.modules);"
        "print(sorted(bad))"
    )
    said = subprocess.check_output([sys.executable, "-c", code], timeout=60, text=True)
    assert said == "[]\n"


BERT, AMD = "tfprofiler_gpu_multi_worker_179", "tracelens_mi300_jax_conv_legacy"
TPU, LEAK = "xprof_tpu_inference_2_ok", "own_cpu_bfc_sim_oom"
KERAS, POOL = "own_cpu_mklcpu_keras_profile_batch_5_10", "bfc_cpu_allocator_for_gpu"
V100 = 15_477_102_400
# file, allocator, peak in the window, capacity, fragmentation at the peak
REFERENCE = [
    (BERT, "GPU_4_bfc", 6_208_853_760, V100, 0.000283),
    (BERT, "GPU_6_bfc", 6_210_111_488, V100, 0.000962),
    (BERT, "GPU_1_bfc", 4_013_344_768, V100, 0.0),
    (BERT, "gpu_host_bfc", 605_952, 68_719_476_736, 0.0),
    (AMD, "GPU_0_bfc", 1_730_171_904, 153_800_933_376, 0.4193),
    (TPU, "0", 21_492_569_216, 33_550_237_696, 0.0),
    (TPU, "1", 21_492_671_104, 33_550_237_696, 0.1096),
    (LEAK, POOL, 419_215_616, 419_430_400, 0.3135),
    (KERAS, "mklcpu", 144_318_464, 25_276_063_744, 0.0),
]


@pytest.fixture(scope="module")
def real(shared: Path) -> Any:
    cache: dict[str, Trace] = {}

    def read(name: str) -> Trace:
        path = shared / "profiles" / f"{name}.xplane.pb"
        if not path.is_file():
            pytest.skip(f"{path.name} is not beside this checkout")
        return cache.setdefault(name, read_xplane(str(path)))

    return read


def of(trace: Trace, name: str) -> AllocatorMemory:
    return next(one for one in trace.allocators if one.name == name)


@pytest.mark.parametrize(("file", "name", "peak", "capacity", "part"), REFERENCE)
def test_real_traces_to_the_byte(
    real: Any, file: str, name: str, peak: int, capacity: int, part: float
) -> None:
    memory = of(real(file), name)
    assert memory.peak_bytes == peak
    assert memory.capacity_bytes == capacity
    assert memory.fragmentation == pytest.approx(part, abs=6e-5)


def test_the_leak_of_the_simulated_oom(real: Any) -> None:
    memory = of(real(LEAK), POOL)
    top = memory.live[0]
    assert (top.op, top.shape, top.count, top.bytes) == (
        "AddV2", "[1024,4096]", 19, 332_163_840,
    )  # fmt: skip
    assert memory.growing[0].group.op == "AddV2"
    assert memory.growing[0].bytes_per_step == pytest.approx(16_777_216)
    assert memory.lifetime_peak_bytes == 419_215_616


def test_a_training_step_on_gpus_is_no_leak(real: Any) -> None:
    trace = real(BERT)
    memory = of(trace, "GPU_4_bfc")
    assert memory.before_window_bytes == 4_013_337_088
    assert memory.live_count == 554
    assert memory.allocations + memory.deallocations == 969
    assert memory.live[0].bytes == 62_509_056
    assert memory.live[0].dtype == "float16"
    assert all(not one.growing for one in trace.allocators)
    assert of(trace, "gpu_host_bfc").unmatched_frees == 11
    assert of(trace, "gpu_host_bfc").lifetime_peak_bytes == 134_217_728
    assert trace.devices["/device:GPU:0"] == 16_945_512_448


def test_other_real_traces(real: Any) -> None:
    amd = of(real(AMD), "GPU_0_bfc")
    assert [group.bytes for group in amd.live] == [579_072_256, 572_026_880]
    assert amd.lifetime_peak_bytes == 1_737_217_024
    assert of(real(TPU), "0").reserved_bytes == 21_491_712_000
    keras = of(real(KERAS), "mklcpu")
    assert keras.before_window_bytes == 78_315_520
    assert not keras.growing


def test_the_genuinely_corrupt_file_is_reported(real: Any) -> None:
    trace = real("xprof_tpu_inference_2_CORRUPT")
    assert trace.status == "damaged"
    assert trace.bad > 0
    assert not trace.allocators


def test_steps_are_told_by_what_the_frameworks_write(make: Any, write: Any) -> None:
    def names_of(**events: dict[str, Any]) -> list[str]:
        plane = make["plane"]("/host:CPU")
        for number in range(6):
            for name, stats in events.items():
                plane.event(name, 1000 * number, us=500, **stats)
        trace = read_xplane(write(make["space"]([plane.encode()])))
        return [step.name for step in trace.steps]

    assert names_of(train={"step_num": 3}, other={}) == ["train"] * 6
    assert names_of(step_fn={"tf_function_call": "notTraced"}) == ["step_fn"] * 6
    assert names_of(**{"PjitFunction(update)": {}}) == ["PjitFunction(update)"] * 6
    assert names_of(EagerExecute={}, MatMul={}) == []


def test_each_device_counts_its_own_steps(make: Any, write: Any) -> None:
    planes = []
    for device in range(2):
        plane = make["plane"](f"/device:GPU:{device}")
        plane.event("0", 1000 * device, line="Steps", us=900)
        planes.append(plane.encode())
    assert read_xplane(write(make["space"](planes))).steps == ()


def test_waiting_for_input_is_a_share_of_the_steps(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    for number in range(4):
        plane.event("train", 1000 * number, us=1000, step_num=number)
        plane.event("IteratorGetNextOp::DoCompute", 1000 * number, "tf_data", us=250)
    trace = read_xplane(write(make["space"]([plane.encode()])))
    assert trace.input_share == pytest.approx(0.25)


def test_the_op_table_prefers_devices_and_then_ops_of_the_host(
    make: Any, write: Any
) -> None:
    host = make["plane"]("/host:CPU")
    host.event("EagerExecute", 1, us=900)
    host.event("model/dense/MatMul:MatMul", 2, us=100)
    host.event("model/dense/MatMul:MatMul", 200, us=300)
    trace = read_xplane(write(make["space"]([host.encode()])))
    assert [(op.name, op.count) for op in trace.ops] == [
        ("model/dense/MatMul:MatMul", 2)
    ]
    assert trace.ops[0].seconds == pytest.approx(0.0004)
    device = make["plane"]("/device:GPU:0")
    device.event("gemm_kernel", 5, line="Stream #7(Compute)", us=10)
    trace = read_xplane(write(make["space"]([host.encode(), device.encode()])))
    assert [op.name for op in trace.ops] == ["gemm_kernel"]


def test_times_since_1970_need_no_session(make: Any, write: Any) -> None:
    """Raw traces count from 1970: in picoseconds that is beyond 64 bits."""
    plane = make["leaking"]()
    plane.begin_ns = 1_700_000_000 * 10**9
    memory = only(read_xplane(write(make["space"]([plane.encode()]))))
    assert memory.peak_time == pytest.approx(1_700_000_000.0101, abs=1e-3)
    assert memory.growing[0].bytes_per_step == 8 * MIB


def test_absurd_times_are_bad_events_and_no_crash(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    plane.allocate(1, 0x1, MIB)
    plane.allocate((1 << 63) // 10**6 - 1, 0x2, MIB)
    plane.begin_ns = -(1 << 62)
    plane.allocate(2, 0x3, MIB, line="later")
    assert read_xplane(write(make["space"]([plane.encode()]))).status == "ok"


def test_columns_tell_what_each_statistic_by_itself_tells(
    make: Any, write: Any
) -> None:
    """A second fraction leaves columns open; nothing else differs."""
    found = []
    for unused in (0, 0.0):
        plane = make["plane"]("/host:CPU")
        for step in range(8):
            at = 1000 * (step + 1)
            plane.event("train", at - 1, us=900, step_num=step)
            shape = "[64]" if step % 2 else ""
            for layer in range(3):
                address = (1 << 63) + 16 * step + layer
                plane.allocate(
                    at + layer, address, MIB + step, "Relu", shape, reserved=unused
                )
            plane.free(at + 500, (1 << 63) + 16 * step)
        trace = read_xplane(write(make["space"]([plane.encode()])))
        assert (trace.status, trace.bad) == ("ok", 0)
        found.append((only(trace), trace.steps, trace.ops))
    assert found[0] == found[1]
    assert found[0][0].live_count == 8 * 2 + 1


def test_an_endless_number_in_a_plane_of_facts_is_none(make: Any, write: Any) -> None:
    facts = message("Plane")
    facts.ParseFromString(make["environment"]())
    facts.stats[0].double_value = float("inf")
    facts.stats[0].ClearField("uint64_value")
    data = make["space"]([make["leaking"]().encode(), facts.SerializeToString()])
    assert only(read_xplane(write(data))).peak_bytes > 0
